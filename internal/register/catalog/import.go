package catalog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// ImportOptions steer an import.
type ImportOptions struct {
	// AsOf is the day from which the imported versions are in force; today where zero.
	// The files do not say since when a record holds.
	AsOf clock.Date
	// Progress is called now and then, on the importing goroutine.
	Progress func(Progress)
	// Findings receives every row refused or in doubt, as CSV: line, code, refused or
	// doubt, reason, the record's words. May be nil.
	Findings io.Writer
}

// Progress is how far an import is.
type Progress struct {
	Rows  int
	Bytes int64 // read of the file as it is stored
}

// Report is the outcome of an import.
type Report struct {
	Name      string        `json:"name"`
	Full      bool          `json:"full"` // full records; otherwise catalogue rows
	AsOf      clock.Date    `json:"asOf"`
	Rows      int           `json:"rows"`    // read
	Added     int           `json:"added"`   // procedures not known before
	Revised   int           `json:"revised"` // known, and now with another content
	Unchanged int           `json:"unchanged"`
	Refused   int           `json:"refused"`
	InDoubt   int           `json:"inDoubt"` // stored, with at least one doubt
	Absent    int           `json:"absent"`  // known before, not in this catalogue; kept, since absence is not repeal
	Reasons   []ReasonCount `json:"reasons"` // most frequent first
}

// ReasonCount counts the records with a reason.
type ReasonCount struct {
	Reason  Reason `json:"reason"`
	Refused bool   `json:"refused"`
	Records int    `json:"records"`
	Example Code   `json:"example"`
}

// batchRows are stored in one unit of work: few enough that others wait little.
const batchRows = 200

// Import reads the national catalogue (CSV) or full records (JSON, one a line),
// plain or gzipped, recognised by content, and stores what is new as revisions. The
// same file twice changes nothing. Rows that cannot be read are refused one by one;
// the import fails, with an Invalid error, only where the file as a whole is not one
// of the two. What was stored before a failure stays, and importing again completes it.
func (s *Service) Import(ctx context.Context, r io.Reader, name string, opts ImportOptions) (rep Report, err error) {
	defer errs.Op(&err, "catalog.Import(%s)", name)
	if opts.AsOf.IsZero() {
		opts.AsOf = clock.DateOf(s.clk.Now())
	}
	in := &counting{r: r}
	next, full, err := open(in)
	if err != nil {
		return rep, err
	}
	known, err := s.store.versions(ctx)
	if err != nil {
		return rep, err
	}
	im := &importer{
		s: s, known: known, opts: opts, reasons: map[ReasonCount]*ReasonCount{}, seen: map[Code]bool{},
		rep: Report{Name: name, Full: full, AsOf: opts.AsOf},
	}
	if opts.Findings != nil {
		im.findings = csv.NewWriter(opts.Findings)
		if err := im.findings.Write([]string{"line", "code", "finding", "reason", "detail"}); err != nil {
			return rep, err
		}
	}
	for {
		e, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return im.rep, err
		}
		if err := im.take(ctx, e); err != nil {
			return im.rep, err
		}
		if opts.Progress != nil && im.rep.Rows%100 == 0 {
			opts.Progress(Progress{Rows: im.rep.Rows, Bytes: in.n})
		}
	}
	if err := im.flush(ctx); err != nil {
		return im.rep, err
	}
	if err := im.finish(); err != nil {
		return im.rep, err
	}
	if opts.Progress != nil {
		opts.Progress(Progress{Rows: im.rep.Rows, Bytes: in.n})
	}
	return im.rep, nil
}

// open recognises the file and returns its reader of entries.
func open(r io.Reader) (next func() (*entry, error), full bool, err error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, false, unreadable(err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	if bom, _ := b.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
	}
	head, _ := b.Peek(512)
	head = bytes.TrimSpace(head)
	switch {
	case len(head) == 0:
		return nil, false, errs.E(errs.Invalid, "catalog.import.empty")
	case head[0] == '{':
		return newRecordReader(b).next, true, nil
	case bytes.HasPrefix(head, []byte("PK")), bytes.IndexByte(head, 0) >= 0:
		return nil, false, errs.E(errs.Invalid, "catalog.import.unknown")
	}
	rows, err := newRowReader(b)
	if err != nil {
		return nil, false, err
	}
	return rows.next, false, nil
}

func unreadable(err error) error {
	return errs.E(errs.Invalid, "catalog.import.unreadable", errs.Cause(err))
}

func missingColumns(names []string) error {
	return errs.E(errs.Invalid, "catalog.import.columns", errs.P("names", strings.Join(names, ", ")))
}

// importer holds one import on its way.
type importer struct {
	s        *Service
	opts     ImportOptions
	known    known
	rep      Report
	reasons  map[ReasonCount]*ReasonCount // keyed by reason and refused only
	seen     map[Code]bool
	findings *csv.Writer
	batch    []change
}

// take counts an entry and puts what is new of it into the batch.
func (im *importer) take(ctx context.Context, e *entry) error {
	im.rep.Rows++
	if e.code != "" && im.seen[e.code] && len(e.refused) == 0 {
		e.refuse(Twice, string(e.code))
	}
	if len(e.refused) > 0 {
		im.rep.Refused++
		return im.note(e, e.refused, true)
	}
	im.seen[e.code] = true
	if doubts := e.doubts(); len(doubts) > 0 {
		im.rep.InDoubt++
		if err := im.note(e, doubts, false); err != nil {
			return err
		}
	}
	changes, err := im.known.changes(e, im.opts.AsOf, im.rep.Name)
	if err != nil {
		return err
	}
	switch {
	case len(changes) == 0:
		im.rep.Unchanged++
	case im.known.new(e.code):
		im.rep.Added++
	default:
		im.rep.Revised++
	}
	im.known.apply(changes)
	if im.batch = append(im.batch, changes...); len(im.batch) >= batchRows {
		return im.flush(ctx)
	}
	return nil
}

func (im *importer) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	err := im.s.store.put(ctx, im.batch)
	im.batch = im.batch[:0]
	return err
}

// note counts an entry's findings by reason and writes them out.
func (im *importer) note(e *entry, ds []Doubt, refused bool) error {
	kind := "doubt"
	if refused {
		kind = "refused"
	}
	once := map[Reason]bool{}
	for _, d := range ds {
		if im.findings != nil {
			if err := im.findings.Write([]string{strconv.Itoa(e.line), e.named, kind, string(d.Reason), d.Detail}); err != nil {
				return err
			}
		}
		if once[d.Reason] {
			continue
		}
		once[d.Reason] = true
		key := ReasonCount{Reason: d.Reason, Refused: refused}
		if im.reasons[key] == nil {
			im.reasons[key] = &ReasonCount{Reason: d.Reason, Refused: refused, Example: Code(e.named)}
		}
		im.reasons[key].Records++
	}
	return nil
}

func (im *importer) finish() error {
	for _, c := range im.reasons {
		im.rep.Reasons = append(im.rep.Reasons, *c)
	}
	slices.SortFunc(im.rep.Reasons, func(a, b ReasonCount) int {
		if a.Records != b.Records {
			return b.Records - a.Records
		}
		return strings.Compare(string(a.Reason), string(b.Reason))
	})
	if !im.rep.Full {
		for code := range maps.Keys(im.known) {
			if !im.seen[code] {
				im.rep.Absent++
			}
		}
	}
	if im.findings == nil {
		return nil
	}
	im.findings.Flush()
	return im.findings.Error()
}

// counting counts the bytes read.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
