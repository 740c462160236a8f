package journalweb

import (
	"embed"
	"net/http"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
)

// Messages are this package's sentences (keys under "journalweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages stand on.
type Deps struct {
	Journal   *journal.Journal
	Clock     clock.Clock
	Witnesses []Witness // who confirms this log
	Files     string    // page that checks signed files; empty: none
	// Nodes is how many serve the city: what one network may ask is shared among them; nil: one.
	Nodes func() int
}

type handlers struct {
	Deps
	limit *limit
}

// Routes are the pages and operations of the journal's proofs.
func Routes(d Deps) web.Module {
	h := &handlers{Deps: d, limit: &limit{seen: map[string]bucket{}}}
	return web.Module{
		Name: "journal",
		Routes: []web.Route{
			{Method: http.MethodGet, Path: receiptPath, Policy: auth.Public, Do: h.receiptForm},
			{Method: http.MethodPost, Path: receiptPath, Policy: auth.Public, Do: h.receipt, MaxBody: 2 * journal.MaxReceipt},
			{Method: http.MethodGet, Path: "/api/v1/journal/tile/{level}/{tile...}", Policy: auth.Public, Do: h.tile},
		},
		API: h.api,
	}
}

// limit bounds how much arithmetic one network may ask for. A witness asks twice a minute.
type limit struct {
	mu   sync.Mutex
	seen map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

const (
	limitBurst  = 600 // tiles of a large log are fetched in one go
	limitSecond = 10
	limitKept   = 10_000 // networks remembered
)

func (h *handlers) allow(network string) error {
	now, l, n := h.Clock.Now(), h.limit, 1.0
	if h.Nodes != nil {
		n = float64(max(1, h.Nodes()))
	}
	burst := limitBurst / n
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.seen[network]
	if !ok {
		if len(l.seen) >= limitKept {
			clear(l.seen)
		}
		b = bucket{left: burst, at: now}
	}
	b.left = min(burst, b.left+max(now.Sub(b.at).Seconds(), 0)*limitSecond/n)
	b.at = now
	if b.left < 1 {
		l.seen[network] = b
		return errs.E(errs.RateLimited, "journalweb.tooMany")
	}
	b.left--
	l.seen[network] = b
	return nil
}
