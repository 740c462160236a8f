package signatureweb

import (
	"context"
	"embed"
	"io"
	"net/http"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sign"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/signature"
)

// Messages are this package's sentences (keys under "signatureweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct {
	s        *signature.Service
	receipts string
	docs     Documents
	given    Given
}

// Given tells what the city knows of a file that it gave out itself, by its SHA-256: a signature goes on
// holding when the paper does not. Nil of any other file.
type Given func(ctx context.Context, sha256 string) (*ui.BannerArgs, error)

// uploads bounds how many papers one client has verified: an office behind one address checks its
// morning's post at once, and then one each three seconds.
func uploads() web.Rate { return web.Rate{Most: 40, Each: 3 * time.Second} }

// Routes is the web half of verification, and of signing with a key of one's own. Receipts is where
// receipts of the journal are checked; "" where nowhere.
func Routes(s *signature.Service, receipts string, docs Documents, given Given) web.Module {
	h := handlers{s, receipts, docs, given}
	return web.Module{Name: "signature", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/verify", Policy: auth.Public, Do: h.form},
		{Method: http.MethodPost, Path: "/verify", Policy: auth.Public, Do: h.check, MaxBody: sign.MaxFile + 64<<10, AtOnce: 4, Rate: uploads()},
		{Method: http.MethodGet, Path: "/dossiers/{code}/sign", Policy: auth.SignedIn, Do: h.ask},
		{Method: http.MethodPost, Path: "/dossiers/{code}/sign", Policy: auth.SignedIn, Do: h.begin, MaxBody: maxUpload},
		{Method: http.MethodGet, Path: "/dossiers/{code}/signed/{paper}", Policy: auth.SignedIn, Do: h.signed},
		{Method: http.MethodGet, Path: "/sign/{errand}", Policy: auth.SignedIn, Do: h.errand},
		{Method: http.MethodPost, Path: "/sign/{errand}", Policy: auth.SignedIn, Do: h.answer, MaxBody: maxUpload},
		{Method: http.MethodGet, Path: "/sign/{errand}/request.json", Policy: auth.SignedIn, Do: h.request},
		{Method: http.MethodGet, Path: "/sign/{errand}/papers/{paper}", Policy: auth.SignedIn, Do: h.shown},
	}}
}

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "signatureweb."+key, kv...)
}

type view struct {
	Key      string
	Problems ui.Problems
	Receipts string
	Result   *ui.BannerArgs
	Paper    *ui.BannerArgs // of a paper that the city gave out
	File     ui.SummaryArgs
	List     []ui.SummaryArgs
}

func (h handlers) form(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, page(view{Key: web.NewKey(), Receipts: h.receipts}))
}

func (h handlers) check(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, b, err := one(r, "file", "error.one")
	var rep signature.Report
	if err == nil {
		rep, err = h.s.Verify(ctx, b)
	}
	v := view{Key: web.NewKey(), Receipts: h.receipts}
	switch {
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.TooLarge), errs.Is(err, errs.Unavailable):
		v.Problems = ui.Problems{{Field: "file", Text: web.ProblemOf(ctx, err).Detail}}
		return web.Render(w, r, web.Status(err), page(v))
	case err != nil:
		return err
	}
	v.fill(ctx, name, rep)
	if h.given != nil && rep.Verdict != signature.Changed {
		if v.Paper, err = h.given(ctx, rep.SHA256); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, page(v))
}

// one is the one file of a field.
func one(r *http.Request, field, none string) (string, []byte, error) {
	if _, err := web.Form(r); err != nil {
		return "", nil, err
	}
	files, err := web.Files(r, field)
	if err != nil {
		return "", nil, err
	}
	if len(files) != 1 {
		return "", nil, errs.E(errs.Invalid, "signatureweb."+none)
	}
	f, err := files[0].Open()
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, sign.MaxFile+1))
	return files[0].Name, b, err
}

func verdictTone(v signature.Verdict) ui.Tone {
	switch v {
	case signature.Good:
		return ui.ToneDone
	case signature.Unsigned:
		return ui.ToneWaiting
	}
	return ui.ToneStopped // not to be relied on: changed, revoked, of nobody known
}

func (v *view) fill(ctx context.Context, name string, r signature.Report) {
	v.Result = &ui.BannerArgs{Title: say(ctx, "verdict."+string(r.Verdict)), Text: say(ctx, "means."+string(r.Verdict)), Tone: verdictTone(r.Verdict), Alert: true}
	l := i18n.LangOf(ctx)
	v.File.Rows = []ui.SummaryRow{
		{Key: say(ctx, "row.file"), Value: ui.T(name)},
		{Key: say(ctx, "row.kind"), Value: ui.T(strings.ToUpper(r.Kind))},
		{Key: say(ctx, "row.print"), Value: ui.T(spaced(r.SHA256))},
		{Key: say(ctx, "row.at"), Value: ui.T(i18n.DateTime(l, r.At))},
	}
	for i, s := range r.Signatures {
		v.List = append(v.List, told(ctx, i+1, s))
	}
}

// spaced lets a long text break on a narrow screen.
func spaced(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 8 {
		b.WriteString(s[i:min(i+8, len(s))] + " ")
	}
	return strings.TrimSpace(b.String())
}

func cut(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// told tells of a signature: who, whole or changed, chain, time, revoked.
func told(ctx context.Context, n int, s sign.Signature) ui.SummaryArgs {
	l := i18n.LangOf(ctx)
	out := ui.SummaryArgs{Title: say(ctx, "signature", "n", n)}
	add := func(key string, c ui.Cell) {
		out.Rows = append(out.Rows, ui.SummaryRow{Key: say(ctx, "row."+key), Value: c})
	}
	line := func(key, text string) {
		if text != "" {
			add(key, ui.T(cut(text)))
		}
	}
	if c := s.Certificate; c != nil {
		line("who", c.Subject.CommonName)
		if org := strings.Join(c.Subject.Organization, ", "); org != c.Subject.CommonName { // a seal is its agency's
			line("org", org)
		}
	}
	tone := ui.ToneStopped
	if s.Whole == sign.Kept || s.Whole == sign.Signed {
		tone = ui.ToneDone
	}
	add("whole", ui.Cell{Text: say(ctx, "whole."+string(s.Whole)), Tag: tone, Tagged: true, Note: say(ctx, "wholeNote."+string(s.Whole))})
	if s.Whole == sign.Unread {
		return out
	}
	tone = ui.ToneWaiting
	switch s.Trust {
	case sign.Trusted, sign.RevLater:
		tone = ui.ToneDone
	case sign.Revoked, sign.Expired, sign.Misused:
		tone = ui.ToneStopped
	}
	if s.Whole != sign.Altered {
		add("trust", ui.Cell{Text: say(ctx, "trust."+string(s.Trust)), Tag: tone, Tagged: true, Note: say(ctx, "trustNote."+string(s.Trust))})
	}
	var chain []string
	for _, c := range s.Chain[min(1, len(s.Chain)):] {
		chain = append(chain, c.Subject.CommonName)
	}
	line("chain", strings.Join(chain, " ← "))
	when := func(t time.Time) string { return i18n.DateTime(l, t.In(clock.Zone)) }
	switch {
	case !s.Stamped.IsZero():
		line("time", say(ctx, "time.stamped", "at", when(s.Stamped)))
	case !s.Claimed.IsZero():
		line("time", say(ctx, "time.claimed", "at", when(s.Claimed)))
	default:
		line("time", say(ctx, "time.none"))
	}
	switch {
	case s.Whole == sign.Altered: // what was not signed so has no signer to ask about
	case !s.RevokedAt.IsZero():
		line("revoked", say(ctx, "revoked.at", "at", when(s.RevokedAt)))
	case s.Chain == nil || s.Unasked:
		line("revoked", say(ctx, "revoked.unknown"))
	default:
		line("revoked", say(ctx, "revoked.no"))
	}
	line("reason", s.Reason)
	if c := s.Certificate; c != nil {
		line("serial", spaced(c.SerialNumber.Text(16)))
	}
	line("format", s.Format)
	return out
}
