package dossier

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

// CodeTemplate writes the dossier codes of an era. Codes are unique, not
// gap-free: each node takes a block of numbers per agency and day.
type CodeTemplate struct {
	From   clock.Date // the first day on which it serves
	Date   string     // layout of the day, as package time writes it
	Digits int        // least digits of the number
}

// codeTemplates by era (domain facts 1.5): Circular 01/2018 art. 19 with the
// agency codes of Decision 20/2020, and the form seen in 2026.
var codeTemplates = []CodeTemplate{
	{From: clock.MustDate("2016-01-01"), Date: "060102", Digits: 4},
	{From: clock.MustDate("2025-07-01"), Date: "20060102", Digits: 7},
}

func templateOf(day clock.Date) CodeTemplate {
	t := codeTemplates[0]
	for _, c := range codeTemplates[1:] {
		if !day.Before(c.From) {
			t = c
		}
	}
	return t
}

// series is everything of a code before its number: "H26.16-20260609-".
func (t CodeTemplate) series(agency string, day clock.Date) string {
	return agency + "-" + day.Time().Format(t.Date) + "-"
}

func (t CodeTemplate) code(series string, n int64) string {
	return fmt.Sprintf("%s%0*d", series, t.Digits, n)
}

// NormalCode puts a code as a person types it into the form in which it is
// kept: upper case, without spaces, any dash as a hyphen.
func NormalCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\t' || r == '\u00a0':
			return -1
		case r == '–' || r == '—' || r == '‑' || r == '‐' || r == '−':
			return '-'
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// codes hands out dossier codes from leased blocks.
type codes struct {
	db *db.DB
	mu sync.Mutex
	at map[string]*block // by series
}

type block struct {
	mu        sync.Mutex
	next, end int64
	size      int64
}

// Blocks begin small, since most agencies take a handful a day, and double.
const (
	firstBlock = 4
	lastBlock  = 512
)

func newCodes(d *db.DB) *codes { return &codes{db: d, at: map[string]*block{}} }

// next returns an unused code of an agency and day. It must not run inside a
// unit of work: a block is leased in one of its own, durable before it is used.
func (c *codes) next(ctx context.Context, agency string, day clock.Date) (string, error) {
	t := templateOf(day)
	series := t.series(agency, day)
	c.mu.Lock()
	b := c.at[series]
	if b == nil {
		c.forget(day)
		b = &block{size: firstBlock}
		c.at[series] = b
	}
	c.mu.Unlock()

	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == b.end {
		end, err := leaseBlock(ctx, c.db, series, b.size)
		if err != nil {
			return "", err
		}
		b.next, b.end = end-b.size, end
		b.size = min(2*b.size, lastBlock)
	}
	n := b.next
	b.next++
	return t.code(series, n), nil
}

// forget drops the blocks of other days, so that the map stays as small as a
// day; c.mu is held. What is left of a dropped block is a gap.
func (c *codes) forget(day clock.Date) {
	mark := "-" + day.Time().Format(templateOf(day).Date) + "-"
	for s := range c.at {
		if !strings.HasSuffix(s, mark) {
			delete(c.at, s)
		}
	}
}
