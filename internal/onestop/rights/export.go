package rights

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
)

// Export is an archive of all that the city holds of an account.
type Export struct {
	ID      id.Of[Export]
	Account int64
	State   string // waiting, ready, gone
	Size    int64
	MadeAt  time.Time
	Until   time.Time
}

// ExportFormat names the shape of data.json.
const ExportFormat = "khue-export/1"

const (
	exportLife = 7 * 24 * time.Hour
	maxExport  = 1 << 30
	// JobExport makes one.
	JobExport = "rights.export"
)

type exportArgs struct {
	Export id.Of[Export] `json:"export"`
	Kind   string        `json:"kind"`
	Name   string        `json:"-"`
	Lang   string        `json:"lang"`
}

// BeginExport asks for an export; one that waits is not asked for twice.
func (s *Service) BeginExport(ctx context.Context, key string) (err error) {
	defer errs.Op(&err, "rights.BeginExport")
	sub := auth.From(ctx)
	if !sub.SignedIn() {
		return errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	e := Export{ID: id.New[Export](s.Gen), Account: sub.Account, State: "waiting", MadeAt: s.Clock.Now(), Until: s.Clock.Now().Add(exportLife)}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash("rights.export"), func(_ context.Context, tx *db.Tx) (int64, error) {
		list, err := exportsOf(tx, sub.Account)
		if err != nil {
			return 0, err
		}
		for _, x := range list {
			if x.State == "waiting" {
				return int64(x.ID), nil
			}
		}
		if err := insertExport(tx, e); err != nil {
			return 0, err
		}
		return int64(e.ID), s.Jobs.Enqueue(tx, jobs.Job{Kind: JobExport, Args: exportArgs{Export: e.ID, Kind: sub.Kind.String(), Lang: string(i18n.LangOf(ctx))}})
	})
	return err
}

// Exports lists the exports of the subject of ctx, the youngest first.
func (s *Service) Exports(ctx context.Context) (out []Export, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = exportsOf(v, auth.From(ctx).Account)
		return err
	})
	return out, err
}

// OpenExport opens an archive for its owner until it expires. NotFound for anybody else.
func (s *Service) OpenExport(ctx context.Context, v id.Of[Export]) (e Export, r io.ReadCloser, err error) {
	defer errs.Op(&err, "rights.OpenExport(%s)", v)
	if err = s.DB.View(ctx, func(_ context.Context, q *db.View) error { e, err = exportByID(q, v); return err }); err != nil {
		return e, nil, err
	}
	if sub := auth.From(ctx); e.Account != sub.Account || sub.Account == 0 {
		return Export{}, nil, errs.E(errs.NotFound, "rights.export.notFound")
	}
	if e.State != "ready" || !s.Clock.Now().Before(e.Until) {
		return e, nil, errs.E(errs.Gone, "rights.export.gone")
	}
	f, err := s.Staging.Open(ctx, exportName(v))
	if err != nil {
		return e, nil, err
	}
	return e, staged{io.NewSectionReader(f, 0, e.Size), f}, nil
}

type staged struct {
	io.Reader
	io.Closer
}

func exportName(v id.Of[Export]) string { return "export-" + v.String() }

// export makes the archive: data.json, the same to read as index.html, and the papers.
func (s *Service) export(ctx context.Context, t jobs.Task) error {
	var a exportArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var e Export
	err := s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
		e, err = exportByID(q, a.Export)
		return err
	})
	if err != nil || e.State != "waiting" {
		return err
	}
	kind, _ := auth.ParseKind(a.Kind)
	lang, _ := i18n.ParseLang(a.Lang)
	owner := auth.With(ctx, auth.Subject{Account: e.Account, Kind: kind})
	data, files, err := s.gather(owner)
	if err != nil {
		return err
	}
	b, err := s.archive(data, files, e, lang)
	if err != nil {
		return err
	}
	name := exportName(e.ID)
	if err := s.Staging.Remove(ctx, name); err != nil {
		return err
	}
	if _, err := s.Staging.Write(ctx, name, 0, bytes.NewReader(b), maxExport); err != nil {
		return err
	}
	e.State, e.Size, e.Until = "ready", int64(len(b)), s.Clock.Now().Add(exportLife)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := setExport(tx, e); err != nil {
			return err
		}
		return s.note(tx, KindExported, journal.Subject{Type: subjectAccount, ID: e.Account}, e.Account, 0, happened{N: len(b)})
	})
}

type section struct {
	Name string `json:"name"`
	Data any    `json:"data"`
}

func (s *Service) gather(ctx context.Context) (data []section, files []File, err error) {
	for _, h := range s.Holdings {
		v, err := h.Read(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("rights: export of %s: %w", h.Name, err)
		}
		data = append(data, section{h.Name, v})
		if h.Files == nil {
			continue
		}
		more, err := h.Files(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("rights: export of %s: %w", h.Name, err)
		}
		files = append(files, more...)
	}
	consents, err := s.Consents(ctx)
	if err != nil {
		return nil, nil, err
	}
	requests, err := s.Requests(ctx)
	return append(data, section{"consents", consents}, section{"requests", requests}), files, err
}

func (s *Service) archive(data []section, files []File, e Export, lang i18n.Lang) ([]byte, error) {
	out := map[string]any{"format": ExportFormat, "madeAt": e.MadeAt}
	for _, d := range data {
		out[d.Name] = d.Data
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, err
	}
	page, err := s.page(data, e, lang)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	put := func(name string, r io.Reader) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: e.MadeAt})
		if err == nil {
			_, err = io.Copy(w, r)
		}
		return err
	}
	if err := put("data.json", bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	if err := put("index.html", bytes.NewReader(page)); err != nil {
		return nil, err
	}
	for _, f := range files {
		r, err := f.Open()
		if errs.Is(err, errs.NotFound) {
			continue // erased meanwhile
		}
		if err != nil {
			return nil, err
		}
		err = put(f.Name, r)
		_ = r.Close()
		if err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return buf.Bytes(), err
}

// exportPage is the readable half; it stands alone, without a script and without the network.
var exportPage = template.Must(template.New("export").Parse(`<!doctype html><html lang="{{.Lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title><style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}dt{font-weight:600}dd{margin:0 0 .3em 1.5em}dl dl{border-left:2px solid #ccc;padding-left:.7em}</style>
<h1>{{.Title}}</h1><p>{{.Lead}}</p>
{{range .Parts}}<h2>{{.Title}}</h2>{{template "v" .Data}}{{end}}</html>
{{define "v"}}{{if .Map}}<dl>{{range .Map}}<dt>{{.Key}}</dt><dd>{{template "v" .Value}}</dd>{{end}}</dl>{{else if .List}}<ol>{{range .List}}<li>{{template "v" .}}</li>{{end}}</ol>{{else}}{{.Text}}{{end}}{{end}}`))

func (s *Service) page(data []section, e Export, lang i18n.Lang) ([]byte, error) {
	type part struct {
		Title string
		Data  node
	}
	view := struct {
		Lang, Title, Lead string
		Parts             []part
	}{Lang: string(lang), Title: s.words.T(lang, "rights.export.title"), Lead: s.words.T(lang, "rights.export.lead", "at", i18n.DateTime(lang, e.MadeAt))}
	for _, d := range data {
		raw, err := json.Marshal(d.Data)
		if err != nil {
			return nil, err
		}
		n, err := nodeOf(raw)
		if err != nil {
			return nil, err
		}
		view.Parts = append(view.Parts, part{s.words.T(lang, "rights.export.part."+d.Name), n})
	}
	var b bytes.Buffer
	err := exportPage.Execute(&b, view)
	return b.Bytes(), err
}

// node is a JSON value in the order of its keys, as the page draws it.
type node struct {
	Text string
	List []node
	Map  []pair
}

type pair struct {
	Key   string
	Value node
}

func nodeOf(raw []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return readNode(d)
}

func readNode(d *json.Decoder) (n node, err error) {
	t, err := d.Token()
	if err != nil {
		return n, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		if t != nil {
			n.Text = fmt.Sprint(t)
		}
		return n, nil
	}
	for d.More() {
		if delim == '[' {
			v, err := readNode(d)
			if err != nil {
				return n, err
			}
			n.List = append(n.List, v)
			continue
		}
		k, err := d.Token()
		if err != nil {
			return n, err
		}
		v, err := readNode(d)
		if err != nil {
			return n, err
		}
		n.Map = append(n.Map, pair{fmt.Sprint(k), v})
	}
	_, err = d.Token()
	return n, err
}

// sweep forgets exports that expired.
func (s *Service) sweep(ctx context.Context) error {
	var list []Export
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		list, err = exportsOver(v, s.Clock.Now())
		return err
	})
	for _, e := range list {
		if err = s.Staging.Remove(ctx, exportName(e.ID)); err != nil {
			return err
		}
		e.State = "gone"
		if err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return setExport(tx, e) }); err != nil {
			return err
		}
	}
	return err
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.DB.Texts(ctx, fileNames, each)
}
