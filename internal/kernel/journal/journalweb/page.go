package journalweb

import (
	"context"
	"io"
	"net/http"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

const receiptPath = "/verify/receipt"

// receiptView is the page on which a receipt is checked.
type receiptView struct {
	Files    string
	Text     string
	Problems ui.Problems
	Verdict  *ui.BannerArgs // nil: nothing was checked yet
	Facts    ui.SummaryArgs
	Lines    []line
	Key      string
	Size     string
	Signed   string
	Seen     []string // what witnesses and authorities for time confirmed last
}

// line is one finding.
type line struct {
	Tone ui.Tone
	Word string
	Text string
}

func (h *handlers) receiptForm(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, http.StatusOK, receiptView{})
}

func (h *handlers) show(w http.ResponseWriter, r *http.Request, status int, v receiptView) error {
	v.Files = h.Files
	ctx := r.Context()
	a, err := h.Journal.About(ctx)
	if err != nil {
		return err
	}
	v.Key, v.Size = a.Key, i18n.Number(i18n.LangOf(ctx), a.Size)
	if !a.Signed.IsZero() {
		v.Signed = i18n.T(ctx, "journalweb.page.at", "at", a.Signed)
	}
	c, err := h.Journal.Cosigned(ctx)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	for _, x := range h.Witnesses {
		for _, said := range journal.Cosignatures(c.Note, x.Key) {
			v.Seen = append(v.Seen, i18n.T(ctx, "journalweb.page.witnessed", "witness", said.Witness, "size", c.Size, "at", said.At))
		}
	}
	if size, at, err := h.Journal.Stamped(ctx); err != nil {
		return err
	} else if size > 0 {
		v.Seen = append(v.Seen, i18n.T(ctx, "journalweb.page.stamped", "size", size, "at", at))
	}
	return web.Render(w, r, status, receiptPage(v))
}

// receipt checks what was pasted or uploaded. It changes nothing and keeps nothing.
func (h *handlers) receipt(w http.ResponseWriter, r *http.Request) error {
	if err := h.allow(web.Network(r)); err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := receiptView{Text: f.Get("text")}
	raw := []byte(v.Text)
	files, err := web.Files(r, "file")
	if err != nil {
		return err
	}
	field := "text"
	if len(files) > 0 {
		field = "file"
		if raw, err = readFile(files[0]); err != nil {
			return err
		}
		v.Text = ""
	}
	refuse := func(key string) error {
		v.Problems = ui.Problems{{Field: field, Text: i18n.T(ctx, key)}}
		return h.show(w, r, http.StatusUnprocessableEntity, v)
	}
	if strings.TrimSpace(string(raw)) == "" {
		field = "file"
		return refuse("journalweb.page.nothing")
	}
	verdict, err := journal.CheckReceipt(raw, journal.ReceiptCheck{Key: h.Journal.Key(), Witnesses: keys(h.Witnesses)})
	if errs.Is(err, errs.Invalid) {
		return refuse("journal.badReceipt")
	}
	if err == nil {
		err = h.Journal.Confront(ctx, &verdict)
	}
	if err != nil {
		return err
	}
	v.say(ctx, verdict)
	return h.show(w, r, http.StatusOK, v)
}

func readFile(f web.File) ([]byte, error) {
	c, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	return io.ReadAll(io.LimitReader(c, journal.MaxReceipt+1))
}

func keys(ws []Witness) (out []*journal.WitnessVerifier) {
	for _, w := range ws {
		out = append(out, w.Key)
	}
	return out
}

// say puts a verdict into the reader's words.
func (v *receiptView) say(ctx context.Context, verdict journal.Verdict) {
	b := ui.BannerArgs{Title: i18n.T(ctx, "journalweb.page.holdsTitle"), Text: i18n.T(ctx, "journalweb.page.holds"), Tone: ui.ToneDone, Alert: true}
	if !verdict.OK() {
		b = ui.BannerArgs{Title: i18n.T(ctx, "journalweb.page.failsTitle"), Text: i18n.T(ctx, "journalweb.page.fails"), Tone: ui.ToneStopped, Alert: true}
	}
	v.Verdict = &b
	for _, f := range verdict.Findings {
		v.Lines = append(v.Lines, line{Tone: tones(f.Mark), Word: i18n.T(ctx, "journalweb.mark."+string(f.Mark)), Text: i18n.T(ctx, f.Key(), f.Params...)})
	}
	s := verdict.Statement
	if s.ID == 0 {
		return
	}
	row := func(key, value string) {
		if value != "" {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: i18n.T(ctx, "journalweb.fact."+key), Value: ui.T(value)})
		}
	}
	row("about", s.About)
	row("at", i18n.T(ctx, "journalweb.page.at", "at", s.At))
	if verdict.Number >= 0 {
		row("number", i18n.Number(i18n.LangOf(ctx), verdict.Number+1))
	}
	row("entry", s.ID.String())
}

func tones(m journal.Mark) ui.Tone {
	switch m {
	case journal.Good:
		return ui.ToneDone
	case journal.Bad:
		return ui.ToneStopped
	}
	return ""
}
