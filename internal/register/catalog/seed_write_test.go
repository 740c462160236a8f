package catalog

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeSeed writes one procedure in the form that readSeed reads.
func writeSeed(w io.Writer, s *Summary, d *Detail) error {
	b := bufio.NewWriter(w)
	put := func(key string, parts ...string) {
		if v := strings.TrimSpace(strings.Join(parts, " ")); v != "" {
			fmt.Fprintln(b, strings.TrimSpace(key+" "+v))
		}
	}
	put("procedure", string(s.Code))
	put("name", s.Name)
	put("field", s.Field.Code, s.Field.Name)
	put("by", s.Promulgator.Code, s.Promulgator.Name)
	put("kind", string(s.Kind))
	var tiers []string
	for _, t := range s.Tiers {
		tiers = append(tiers, string(t))
	}
	put("tiers", tiers...)
	each(put, "agency", s.Agencies)
	each(put, "subject", s.Subjects)
	each(put, "group", s.Groups)
	put("decision", s.Decision)
	put("decided", day(d.DecidedOn))
	put("portal", s.PortalID)
	put("flags", word(s.FullProcess, "full"), word(s.NonTerritorial, "anywhere"), word(s.CounterOnly, "counter"))
	for _, m := range d.Methods {
		put("method", string(m.Channel), m.Deadline.String())
		put("  how", escape(m.Note))
		for _, f := range m.Fees {
			amount := ""
			if f.Amount != nil {
				amount = strconv.FormatInt(*f.Amount, 10)
			}
			put("  fee", strings.Join(strings.Fields(strings.Join([]string{string(f.Kind), string(f.State), amount, f.Currency, word(f.Zero, "zero")}, " ")), " "))
			put("    about", escape(f.Note))
		}
	}
	for _, c := range d.Cases {
		put("case", c.Code, c.Deadline.String(), "-", c.Name)
	}
	for _, g := range d.Papers {
		fmt.Fprintln(b, strings.TrimSpace("papers "+g.Name))
		for _, p := range g.Papers {
			head := strings.Join(strings.Fields(strings.Join([]string{p.Code, word(p.EForm, "eform"), word(p.IsResult, "result")}, " ")), " ")
			put("paper", fmt.Sprintf("%d/%d", p.Originals, p.Copies), head, "-", p.Name)
		}
	}
	for _, r := range d.Results {
		put("result", r.Code, r.Name)
	}
	for _, l := range d.LegalBasis {
		put("law", l.Number, "-", l.Name)
	}
	for _, x := range d.Doubts {
		put("doubt", string(x.Reason), x.Detail)
	}
	fmt.Fprintln(b)
	return b.Flush()
}

func each(put func(string, ...string), key string, vs []string) {
	for _, v := range vs {
		put(key, v)
	}
}

func word(on bool, word string) string {
	if on {
		return word
	}
	return ""
}

// escape puts a text of several lines on one.
func escape(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "\n", `\n`) }
