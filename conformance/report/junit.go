package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
)

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Suites []junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"` // seconds
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitMessage `xml:"failure,omitempty"`
	Error     *junitMessage `xml:"error,omitempty"`
	Skipped   *junitMessage `xml:"skipped,omitempty"`
	Out       string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes JUnit XML: a suite per area, a test case per result. Warnings
// pass with their text as output, expected outcomes are skipped with the reason, and
// a complaint about the expectations file is a failed test case of its own. All
// counts are made from the list of test cases that is written.
func (r *Run) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "conformance " + r.Target.Kind}
	var seconds float64
	for _, area := range r.Areas() {
		suite := junitSuite{Name: area.Name, Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
			Properties: []junitProperty{{"seed", r.Seed}, {"target", r.Target.Name}, {"tool", r.Tool}}}
		for _, f := range r.Faults {
			suite.Properties = append(suite.Properties, junitProperty{"fault", f.String()})
		}
		var sum float64
		for _, k := range area.Results {
			suite.Cases = append(suite.Cases, r.junitCase(k))
			sum += k.Seconds
		}
		suite.count()
		suite.Time = junitTime(sum)
		seconds += sum
		all.Suites = append(all.Suites, suite)
	}
	if len(r.Faults) > 0 {
		all.Suites = append(all.Suites, r.faulty())
	}
	if len(r.Complaint) > 0 {
		all.Suites = append(all.Suites, r.complaints())
	}
	for i := range all.Suites {
		s := &all.Suites[i]
		all.Tests, all.Failures, all.Errors, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors, all.Skipped+s.Skipped
	}
	all.Time = junitTime(seconds)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("report: writing JUnit: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitTime(seconds float64) string { return fmt.Sprintf("%.6f", seconds) }

func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for i := range s.Cases {
		switch c := &s.Cases[i]; {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

func (r *Run) junitCase(k *Result) junitCase {
	c := junitCase{Name: k.Name() + " " + k.Path, ClassName: strings.Trim(r.Target.Kind+"."+k.Area(), "."), Time: junitTime(k.Seconds)}
	text := r.junitText(k)
	switch {
	case k.Expected != nil:
		c.Skipped = &junitMessage{Message: fmt.Sprintf("expected %s: %s", k.Outcome, k.Expected.Reason)}
		c.Out = text
	case k.Outcome == conformance.Fail:
		c.Failure = &junitMessage{Message: strings.Join(k.FailedNames(), ", "), Type: string(k.Mark), Text: text}
	case k.Outcome == conformance.Error, k.Outcome == conformance.Blocked:
		c.Error = &junitMessage{Message: k.Reason, Type: string(k.Outcome), Text: text}
	case k.Outcome == conformance.Skip:
		c.Skipped = &junitMessage{Message: k.Reason}
	case k.Outcome == conformance.Warn:
		c.Out = text
	}
	return c
}

func (r *Run) junitText(k *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", k.Title, k.Source)
	for _, c := range k.Failed() {
		fmt.Fprintf(&b, "%s [%s]: %s\n  expected %s\n  seen     %s%s\n", c.Name, c.Mark, c.Requirement, shortValue(c.Expected), shortValue(c.Seen), where(&c))
	}
	for _, i := range k.Injected {
		fmt.Fprintf(&b, "injected: %s\n", i)
	}
	fmt.Fprintf(&b, "again: %s\n", r.Again(k))
	return b.String()
}

// faulty is a case that can never pass: a reader who looks at numbers alone must not
// take a run with faults for a clean one.
func (r *Run) faulty() junitSuite {
	s := junitSuite{Name: "faults", Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
	for _, f := range r.Faults {
		s.Cases = append(s.Cases, junitCase{Name: f.String(), ClassName: "faults", Time: junitTime(0),
			Error: &junitMessage{Message: "an end misbehaved on purpose: the run is no verdict", Type: "fault"}})
	}
	s.count()
	s.Time = junitTime(0)
	return s
}

func (r *Run) complaints() junitSuite {
	s := junitSuite{Name: "expectations", Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
	for i, c := range r.Complaint {
		s.Cases = append(s.Cases, junitCase{Name: fmt.Sprintf("entry that is not true %d", i+1), ClassName: "expectations", Time: junitTime(0),
			Failure: &junitMessage{Message: c, Type: "expectation"}})
	}
	s.count()
	s.Time = junitTime(0)
	return s
}
