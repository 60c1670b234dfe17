//! Fields to usage records: filters, templates, measures. Pure.
