package app

import (
	"context"
	_ "embed"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/outlet"
)

// outside prepares the stream of events for other systems, where the operator wants one.
func (p *Program) outside(context.Context) error {
	if p.Config.Events == "" {
		return nil
	}
	password, err := p.secret("events.key")
	if err != nil {
		return err
	}
	source := p.Config.PublicURL
	if source == "" {
		source = "urn:" + City
	}
	declared, err := cityEvents(eventsText)
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	p.Outlet, err = outlet.New(p.Journal, outlet.Config{
		URL: p.Config.Events, Dir: filepath.Join(p.Config.Data, "events"), Listen: p.Config.EventsListen, Password: hex.EncodeToString(password),
		Source: source, Policy: eventPolicy(declared), Codes: p.codesOf, Log: p.Config.Log,
	})
	if err == nil {
		p.onClose(p.Outlet.Close)
	}
	return err
}

//go:embed events.yaml
var eventsText []byte

// event is one line of events.yaml.
type event struct {
	Kind   string   `yaml:"kind,required"`
	Why    string   `yaml:"why,required"`
	Fields []string `yaml:"fields"`
	Basis  string   `yaml:"basis"`
}

// cityEvents is what events.yaml declares.
func cityEvents(text []byte) ([]event, error) {
	var file struct {
		Events []event `yaml:"events,required"`
	}
	if ps := decl.Decode("events.yaml", text, &file); ps.Failed() {
		return nil, ps.Err()
	}
	known := map[string]bool{}
	for _, e := range file.Events {
		fields := map[string]bool{}
		for _, f := range e.Fields {
			if fields[f] || !slices.Contains([]string{"unit", "subject", "code"}, f) {
				return nil, fmt.Errorf("events.yaml: %s: no field %s, or it stands there twice", e.Kind, f)
			}
			fields[f] = true
		}
		switch module, rest, _ := strings.Cut(e.Kind, "."); {
		case known[e.Kind] || module == "" || rest == "" || rest == "*":
			return nil, fmt.Errorf("events.yaml: %s stands there twice, or is no kind", e.Kind)
		case fields["code"] && (!fields["subject"] || strings.TrimSpace(e.Basis) == ""):
			return nil, fmt.Errorf("events.yaml: %s: a code goes out with its subject and by a basis that is named", e.Kind)
		}
		known[e.Kind] = true
	}
	return file.Events, nil
}

// eventPolicy tells what of the entries of a kind goes out; false for every kind that is not declared.
func eventPolicy(list []event) func(kind string) (outlet.Fields, bool) {
	by := make(map[string]outlet.Fields, len(list))
	for _, e := range list {
		by[e.Kind] = outlet.Fields{Unit: slices.Contains(e.Fields, "unit"), Subject: slices.Contains(e.Fields, "subject"), Code: slices.Contains(e.Fields, "code")}
	}
	return func(kind string) (outlet.Fields, bool) {
		f, ok := by[kind]
		if dot := strings.LastIndexByte(kind, '.'); !ok && dot > 0 {
			f, ok = by[kind[:dot]+".*"]
		}
		return f, ok
	}
}

// codesOf names dossiers as people do.
func (p *Program) codesOf(ctx context.Context, about []journal.Subject) (map[journal.Subject]string, error) {
	var ids []int64
	for _, a := range about {
		if a.Type == "dossier" && !slices.Contains(ids, a.ID) {
			ids = append(ids, a.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	codes, err := p.Dossiers.Codes(ctx, ids)
	out := make(map[journal.Subject]string, len(codes))
	for n, code := range codes {
		out[journal.Subject{Type: "dossier", ID: n}] = code
	}
	return out, err
}

// measureEvents tells how far the stream is. It is no condition of readiness: a city serves
// its people also while nobody outside listens.
func (p *Program) measureEvents(reg *prometheus.Registry) {
	if p.Outlet == nil {
		return
	}
	gauge := func(name, help string, read func(outlet.Status) float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return read(p.Outlet.Status()) }))
	}
	flag := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	gauge("khue_events_up", "1 where the event stream answered at the last look.", func(s outlet.Status) float64 { return flag(s.Up) })
	gauge("khue_events_publishes", "1 on the node that fills the event stream.", func(s outlet.Status) float64 { return flag(s.Publishes) })
	gauge("khue_events_behind", "Entries of the journal that wait for the event stream.", func(s outlet.Status) float64 { return float64(s.Behind) })
}
