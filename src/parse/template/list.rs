//! Several templates: the first that fits a line reads it.
//!
//! Promises: a field has one name, whichever template gives it; a field that the template of a line does not have is absent.
//! The order is that of the list for each line, whatever came before. Does not: read a line that more than one template
//! fits in more than one way.

use super::{Matcher, Template};
use crate::parse::capture::Capture;
use crate::parse::catalogue::Known;
use crate::parse::mismatch::Mismatch;

/// Templates, and the fields of all of them.
#[derive(Clone, Debug)]
pub(in crate::parse) struct TemplateList {
    templates: Vec<Template>,
    known: Vec<Known>,
}

impl TemplateList {
    pub(in crate::parse) fn new(templates: Vec<Template>) -> Self {
        let mut known: Vec<Known> = Vec::new();
        for variable in templates.iter().flat_map(Template::variables) {
            if known.iter().all(|earlier| earlier.name != variable.known.name) {
                known.push(variable.known.clone());
            }
        }
        Self { templates, known }
    }

    pub(in crate::parse) fn known(&self) -> Vec<Known> {
        self.known.clone()
    }

    pub(in crate::parse) fn reader(&self) -> TemplateListReader {
        let place = |name: &str| self.known.iter().position(|known| known.name == name).unwrap_or_default();
        let each = |template: &Template| Each {
            places: template.variables().iter().map(|variable| place(&variable.known.name)).collect(),
            captures: vec![Capture::ABSENT; template.variables().len()],
            matcher: Matcher::new(template.clone()),
        };
        TemplateListReader { each: self.templates.iter().map(each).collect(), furthest: 0 }
    }
}

#[derive(Clone, Debug)]
struct Each {
    matcher: Matcher,
    captures: Vec<Capture>,
    /// Which capture of the list each of the template's is.
    places: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(in crate::parse) struct TemplateListReader {
    each: Vec<Each>,
    /// The template that matched the last line furthest.
    furthest: usize,
}

impl TemplateListReader {
    pub(in crate::parse) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        let mut furthest = Mismatch::said(0, "one of the templates");
        for (index, each) in self.each.iter_mut().enumerate() {
            match each.matcher.read(line, &mut each.captures) {
                Ok(()) => {
                    captures.fill(Capture::ABSENT);
                    for (&place, &capture) in each.places.iter().zip(&each.captures) {
                        if let Some(slot) = captures.get_mut(place) {
                            *slot = capture;
                        }
                    }
                    return Ok(());
                }
                Err(mismatch) if index == 0 || mismatch.at() > furthest.at() => {
                    (furthest, self.furthest) = (mismatch, index);
                }
                Err(_) => {}
            }
        }
        Err(furthest)
    }

    /// What a part of the template that came furthest is.
    pub(in crate::parse) fn describe(&self, part: usize) -> String {
        self.each.get(self.furthest).map_or_else(String::new, |each| each.matcher.template().describe(part))
    }
}
