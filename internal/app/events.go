package app

import (
	"context"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/journal"
	"khue/internal/kernel/outlet"
)

// outside prepares the stream of events for other systems, where the operator wants one.
func (p *Program) outside(context.Context) error {
	if p.Config.Events == "" {
		return nil
	}
	password, err := secret(filepath.Join(p.Config.Data, "keys", "events.key"))
	if err != nil {
		return err
	}
	source := p.Config.PublicURL
	if source == "" {
		source = "urn:" + City
	}
	p.Outlet, err = outlet.New(p.Journal, outlet.Config{
		URL: p.Config.Events, Dir: filepath.Join(p.Config.Data, "events"), Listen: p.Config.EventsListen, Password: hex.EncodeToString(password),
		Source: source, Public: cityEvent, Codes: p.codesOf, Log: p.Config.Log,
	})
	if err == nil {
		p.onClose(p.Outlet.Close)
	}
	return err
}

// cityEvent reports whether other systems may know of an entry more than that it is there: what
// becomes of dossiers, services and units. Not who holds what, notes among officers, looks,
// persons, accounts and rights.
func cityEvent(kind string) bool {
	if strings.HasPrefix(kind, "dossier.act.") {
		return true
	}
	return slices.Contains([]string{
		"dossier.submitted", "dossier.supplied", "dossier.withdrawn", "dossier.answered", "dossier.moved", "dossier.migrated", "dossier.redated", "dossier.timer",
		"dossier.childEnded", "dossier.adopted", "service.published", "service.retired", "reorganise.approved", "reorganise.started", "reorganise.completed",
	}, kind)
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
