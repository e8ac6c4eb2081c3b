package report

// titles are the cases in Russian, for the page and the record.
var titles = map[string]string{}
