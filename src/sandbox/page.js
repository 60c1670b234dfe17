// Shows what the sandbox holds. Everything from an event is put in as text, never as markup.
"use strict";

const ROWS_SHOWN = 500;
const REFRESH_MS = 1000;

function cell(row, text, kind) {
  const made = row.insertCell();
  made.textContent = text;
  if (kind) made.className = kind;
}

function sumsText(sums) {
  return Object.entries(sums).map(([name, sum]) => `${name} ${sum === null ? "too large" : sum}`).join(", ");
}

function show(summary) {
  const refused = Object.entries(summary.refused).map(([reason, count]) => `${reason} ${count}`);
  const shown = summary.totals.slice(0, ROWS_SHOWN);
  const rows = summary.totals.length > shown.length ? `; the first ${shown.length} of ${summary.totals.length} rows` : "";
  document.getElementById("state").textContent =
    `${summary.count} events; refused: ${refused.length ? refused.join(", ") : "none"}${rows}`;
  const repeated = document.getElementById("repeated");
  repeated.hidden = summary.repeated.length === 0;
  repeated.textContent = `${summary.repeated.length} event ids were stored more than once`;
  const body = document.createElement("tbody");
  body.id = "totals";
  for (const total of shown) {
    const row = body.insertRow();
    cell(row, total.accountId === null ? "(none)" : total.accountId);
    cell(row, total.day);
    cell(row, total.eventName);
    cell(row, String(total.events), "number");
    cell(row, sumsText(total.sums));
  }
  document.getElementById("totals").replaceWith(body);
}

async function refresh() {
  try {
    const answer = await fetch("/sandbox/events?summary=1");
    show(await answer.json());
  } catch (error) {
    document.getElementById("state").textContent = "The sandbox does not answer.";
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
