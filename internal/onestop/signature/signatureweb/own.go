package signatureweb

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/signature"
)

// Documents gives what people sign with keys of their own.
type Documents interface {
	// Application is what the reader filed under a code; NotFound for all but its owner.
	Application(ctx context.Context, code string) (signature.Document, error)
	// SeesDossier finds the subject of a dossier whose whole content the reader may see.
	SeesDossier(ctx context.Context, code string) (journal.Subject, error)
}

// KindApplication is the kind of errands of what citizens filed.
const KindApplication = "application"

const maxUpload = 5 << 20

// requestName is what the file to be signed is called when it is downloaded.
const requestName = "can-ky.json"

type askView struct {
	Back     ui.Anchor
	Key      string
	Action   string
	Problems ui.Problems
	Signed   []ui.SummaryArgs
	May      bool
}

func dossierHref(code string) string { return "/dossiers/" + url.PathEscape(code) }

// ask is the page on which the owner of a dossier begins to sign it.
func (h handlers) ask(w http.ResponseWriter, r *http.Request) error {
	return h.showAsk(w, r, http.StatusOK, nil)
}

func (h handlers) showAsk(w http.ResponseWriter, r *http.Request, status int, ps ui.Problems) error {
	ctx, code := r.Context(), r.PathValue("code")
	of, err := h.docs.SeesDossier(ctx, code)
	if err != nil {
		return err
	}
	list, err := h.s.SignedOf(ctx, of)
	if err != nil {
		return err
	}
	_, err = h.docs.Application(ctx, code)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	v := askView{Back: ui.Anchor{Label: code, Href: dossierHref(code)}, Key: web.NewKey(), Action: dossierHref(code) + "/sign", Problems: ps, May: err == nil}
	for _, p := range list {
		link := ui.Anchor{Label: say(ctx, "own.get"), Href: dossierHref(code) + "/signed/" + p.ID.String() + ".pdf"}
		v.Signed = append(v.Signed, ui.SummaryArgs{Title: p.Name, Action: &link, Rows: []ui.SummaryRow{
			{Key: say(ctx, "row.who"), Value: ui.T(p.Signer)}, {Key: say(ctx, "row.time"), Value: ui.T(i18n.DateTime(i18n.LangOf(ctx), p.At))},
			{Key: say(ctx, "row.print"), Value: ui.T(spaced(p.Signed.SHA256))},
		}})
	}
	return web.Render(w, r, status, askPage(v))
}

// begin takes the certificate and prepares the paper for it.
func (h handlers) begin(w http.ResponseWriter, r *http.Request) error {
	ctx, code := r.Context(), r.PathValue("code")
	d, err := h.docs.Application(ctx, code)
	if err != nil {
		return err
	}
	_, b, err := one(r, "certificate", "own.noCertificate")
	if err != nil {
		return h.askRefused(w, r, err)
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	chain, err := signature.ReadChain(b)
	if err != nil {
		return h.askRefused(w, r, err)
	}
	v, err := h.s.Ask(ctx, KindApplication, []signature.Document{d}, chain, key)
	if err != nil {
		return h.askRefused(w, r, err)
	}
	return web.Redirect(w, r, "/sign/"+v.String())
}

func (h handlers) askRefused(w http.ResponseWriter, r *http.Request, err error) error {
	if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict && k != errs.TooLarge {
		return err
	}
	return h.showAsk(w, r, web.Status(err), ui.Problems{{Field: "certificate", Text: web.ProblemOf(r.Context(), err).Detail}})
}

type errandView struct {
	Here     string
	Back     *ui.Anchor
	Key      string
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Signer   ui.SummaryArgs
	Table    ui.TableArgs
	Open     int
	Single   *singleView
	Program  string
}

// singleView is the way without our program, where one paper is open.
type singleView struct {
	Digest, Bytes, Command string
}

func (h handlers) errand(w http.ResponseWriter, r *http.Request) error {
	return h.showErrand(w, r, http.StatusOK, errandView{})
}

func (h handlers) find(r *http.Request) (signature.Errand, error) {
	v, err := web.PathID[signature.Errand](r, "errand")
	if err != nil {
		return signature.Errand{}, err
	}
	return h.s.Errand(r.Context(), v)
}

func (h handlers) showErrand(w http.ResponseWriter, r *http.Request, status int, v errandView) error {
	ctx := r.Context()
	e, err := h.find(r)
	if err != nil {
		return err
	}
	faults := map[signature.OwnID]string{}
	for _, p := range v.Problems {
		if n, err := id.Parse[signature.OwnPaper](p.Field); err == nil {
			faults[n] = p.Text
		}
	}
	v.Here, v.Key = "/sign/"+e.ID.String(), web.NewKey()
	c := e.Chain[0]
	v.Signer = ui.SummaryArgs{Title: say(ctx, "own.with"), Rows: []ui.SummaryRow{
		{Key: say(ctx, "row.who"), Value: ui.T(cut(c.Subject.CommonName))}, {Key: say(ctx, "row.chain"), Value: ui.T(cut(c.Issuer.CommonName))},
		{Key: say(ctx, "row.serial"), Value: ui.T(spaced(c.SerialNumber.Text(16)))},
	}}
	v.Table = ui.TableArgs{Caption: say(ctx, "own.papers"), Head: []ui.Column{{Label: say(ctx, "own.paper"), Lead: true}, {Label: say(ctx, "own.state")}}}
	for _, p := range e.Papers {
		state := ui.Tagged(say(ctx, "own.open"), ui.ToneWaiting)
		state.Note = faults[p.ID]
		if p.Done() {
			state = ui.Tagged(say(ctx, "own.done"), ui.ToneDone)
			state.Note = i18n.DateTime(i18n.LangOf(ctx), p.At)
		} else {
			v.Open++
			file := v.Here + "/papers/" + p.ID.String()
			v.Single = &singleView{Digest: spaced(e.Request().Papers[0].SHA256), Bytes: file + ".bin", Command: "openssl dgst -sha256 -sign KEY.pem -out chu-ky.bin " + p.ID.String() + ".bin"}
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: p.Name, Href: v.Here + "/papers/" + p.ID.String() + ".pdf", Note: say(ctx, "own.fileOf", "print", spaced(p.Of))}, state}, Marked: faults[p.ID] != ""})
	}
	if v.Open != 1 {
		v.Single = nil
	}
	v.Program = "khue-token sign --label TOKEN --key KEY --in " + requestName + " --out chu-ky.json"
	if v.Open == 0 && v.Banner == nil {
		v.Banner = &ui.BannerArgs{Title: say(ctx, "own.allDone"), Text: say(ctx, "own.allDoneOf."+e.Kind), Tone: ui.ToneDone, Alert: true}
	}
	if e.Kind == KindApplication && len(e.Papers) > 0 {
		v.Back = &ui.Anchor{Label: e.Papers[0].Name, Href: dossierHref(e.Papers[0].Name)} // what was filed is called by its code
	} else {
		v.Back = &ui.Anchor{Label: say(ctx, "own.toPapers"), Href: "/desk/to-sign"}
	}
	return web.Render(w, r, status, errandPage(v))
}

// answer takes the signatures.
func (h handlers) answer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[signature.Errand](r, "errand")
	if err != nil {
		return err
	}
	if _, err := h.s.Errand(ctx, v); err != nil {
		return err
	}
	_, b, err := one(r, "answer", "own.noAnswer")
	var faults []signature.Fault
	if err == nil {
		faults, err = h.s.Accept(ctx, v, b)
	}
	if k := errs.KindOf(err); err != nil {
		if k != errs.Invalid && k != errs.Conflict && k != errs.TooLarge {
			return err
		}
		return h.showErrand(w, r, web.Status(err), errandView{Problems: ui.Problems{{Field: "answer", Text: web.ProblemOf(ctx, err).Detail}}})
	}
	if len(faults) == 0 {
		return web.Redirect(w, r, "/sign/"+v.String())
	}
	view := errandView{Banner: &ui.BannerArgs{Title: say(ctx, "own.some", "n", len(faults)), Text: say(ctx, "own.someText"), Tone: ui.ToneStopped, Alert: true}}
	for _, f := range faults {
		view.Problems = append(view.Problems, ui.Problem{Field: f.Paper.ID.String(), Text: web.ProblemOf(ctx, f.Err).Detail})
	}
	return h.showErrand(w, r, http.StatusUnprocessableEntity, view)
}

// request is the file that goes to the key.
func (h handlers) request(w http.ResponseWriter, r *http.Request) error {
	e, err := h.find(r)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(e.Request(), "", "  ")
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: requestName, Type: "application/json", Size: int64(len(b)), Body: bytes.NewReader(b)})
}

// shown is a paper of an errand: the file, or the bytes that are signed.
func (h handlers) shown(w http.ResponseWriter, r *http.Request) error {
	e, err := h.find(r)
	if err != nil {
		return err
	}
	ref, kind, _ := strings.Cut(r.PathValue("paper"), ".")
	v, err := id.Parse[signature.OwnPaper](ref)
	if err != nil || kind != "pdf" && kind != "bin" {
		return errs.E(errs.NotFound, "signature.error.errand")
	}
	p, b, err := h.s.Shown(r.Context(), e.ID, v)
	if err != nil {
		return err
	}
	if kind == "bin" {
		b = p.Bytes()
		return web.Send(w, r, web.Download{Name: v.String() + ".bin", Type: "application/octet-stream", Size: int64(len(b)), Body: bytes.NewReader(b)})
	}
	return web.Send(w, r, web.Download{Name: v.String() + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}

// signed is a paper about a dossier that its owner signed.
func (h handlers) signed(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	of, err := h.docs.SeesDossier(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	v, err := id.Parse[signature.OwnPaper](strings.TrimSuffix(r.PathValue("paper"), ".pdf"))
	if err != nil {
		return errs.E(errs.NotFound, "signature.error.errand")
	}
	_, b, err := h.s.SignedFile(ctx, of, v)
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: r.PathValue("code") + "-" + strconv.FormatInt(int64(v), 10) + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}
