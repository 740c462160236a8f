package journalweb

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
)

// What never changes may be kept for a year, what is newest for a second.
const (
	forever = "public, max-age=31536000, immutable"
	newest  = "public, max-age=1"
	minute  = "public, max-age=60"
)

type aboutOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Origin    string      `json:"origin" doc:"First line of the log's checkpoints. A restore opens a new epoch, which is named here."`
		Key       string      `json:"key" doc:"Public key of the log, in the form of golang.org/x/mod/sumdb/note."`
		Epoch     int         `json:"epoch" doc:"1 until the log is restored for the first time."`
		Size      int64       `json:"size" doc:"Entries that the newest checkpoint signs for."`
		SignedAt  *time.Time  `json:"signedAt"`
		Witnesses []witness   `json:"witnesses" nullable:"false" doc:"Bodies outside the city that confirm the log."`
		Restores  []restoring `json:"restores" nullable:"false"`
	}
}

type witness struct {
	Name string `json:"name"`
	Key  string `json:"key" doc:"Public key, C2SP cosignature/v1."`
	URL  string `json:"url"`
}

type restoring struct {
	Epoch int    `json:"epoch"`
	Cut   int64  `json:"cut" doc:"Entries that the epoch began with; what had been signed beyond was given up."`
	Old   string `json:"old" doc:"Signed checkpoint that the city had given before."`
}

type checkpoint struct {
	Size     int64     `json:"size"`
	Root     string    `json:"root" doc:"Base64."`
	SignedAt time.Time `json:"signedAt"`
	Epoch    int       `json:"epoch"`
	Note     string    `json:"note" doc:"The signed note, with the signatures of witnesses."`
}

type listInput struct {
	Before int64 `query:"before" minimum:"1" doc:"Only those of fewer entries; absent: from the newest on."`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type listOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []checkpoint `json:"items" nullable:"false"`
		Next  *int64       `json:"next" doc:"The next page's before."`
	}
}

type sizeInput struct {
	Size int64 `path:"size" minimum:"1"`
}

type textOutput struct {
	Cache string `header:"Cache-Control"`
	Type  string `header:"Content-Type"`
	Body  []byte
}

type proofInput struct {
	Entry string `query:"entry" required:"true" maxLength:"20" doc:"Id of the entry, from a promise or receipt."`
	Size  int64  `query:"size" minimum:"1" doc:"Of a signed checkpoint; absent: the newest."`
}

type proofOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Entry      journal.EntryID `json:"entry"`
		Number     int64           `json:"number" doc:"Place in the log, from 0."`
		Leaf       string          `json:"leaf" doc:"Base64."`
		Path       []string        `json:"path" nullable:"false" doc:"Base64; checked with tlog.CheckRecord."`
		Checkpoint string          `json:"checkpoint" doc:"The signed note."`
	}
}

type consistencyInput struct {
	Old int64 `query:"old" minimum:"1" required:"true"`
	New int64 `query:"new" minimum:"1" doc:"Absent: the newest checkpoint's."`
}

type consistencyOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Old  int64    `json:"old"`
		New  int64    `json:"new"`
		Path []string `json:"path" nullable:"false" doc:"Base64; checked with tlog.CheckTree."`
	}
}

// api registers the operations.
func (h *handlers) api(a *web.API) {
	get := func(id, path string) huma.Operation {
		return web.Scoped(huma.Operation{OperationID: id, Method: "GET", Path: "/api/v1/journal" + path, Summary: "journalweb.api." + id, Description: "journalweb.api." + id + "Note"}, web.AnyScope)
	}
	web.Op(a, get("get-journal", ""), auth.Public, h.about)
	web.Op(a, get("get-journal-key", "/key"), auth.Public, func(context.Context, *struct{}) (*textOutput, error) {
		return text(minute, h.Journal.Key()+"\n"), nil
	})
	web.Op(a, get("get-checkpoint", "/checkpoint"), auth.Public, func(ctx context.Context, _ *struct{}) (*textOutput, error) {
		c, err := h.Journal.Checkpoint(ctx)
		return text(newest, c.Note), err
	})
	web.Op(a, get("get-cosigned-checkpoint", "/cosigned"), auth.Public, func(ctx context.Context, _ *struct{}) (*textOutput, error) {
		c, err := h.Journal.Cosigned(ctx)
		return text(newest, c.Note), err
	})
	web.Op(a, get("list-checkpoints", "/checkpoints"), auth.Public, h.list)
	web.Op(a, get("get-checkpoint-of", "/checkpoints/{size}"), auth.Public, func(ctx context.Context, in *sizeInput) (*textOutput, error) {
		c, err := h.Journal.CheckpointOf(ctx, in.Size)
		return text(minute, c.Note), err // witnesses may still sign it
	})
	web.Op(a, get("get-checkpoint-time", "/timestamps/{size}"), auth.Public, func(ctx context.Context, in *sizeInput) (*textOutput, error) {
		token, err := h.Journal.TimeStampOf(ctx, in.Size)
		return &textOutput{Cache: forever, Type: "application/timestamp-token", Body: token}, err
	})
	web.Op(a, get("get-inclusion-proof", "/proof"), auth.Public, h.proof)
	web.Op(a, get("get-consistency-proof", "/consistency"), auth.Public, h.consistency)
}

func text(cache, s string) *textOutput {
	return &textOutput{Cache: cache, Type: "text/plain; charset=utf-8", Body: []byte(s)}
}

func (h *handlers) about(ctx context.Context, _ *struct{}) (*aboutOutput, error) {
	a, err := h.Journal.About(ctx)
	if err != nil {
		return nil, err
	}
	es, err := h.Journal.Epochs(ctx)
	if err != nil {
		return nil, err
	}
	out := &aboutOutput{Cache: newest}
	b := &out.Body
	b.Origin, b.Key, b.Epoch, b.Size, b.Witnesses, b.Restores = a.Origin, a.Key, a.Epoch, a.Size, []witness{}, []restoring{}
	if !a.Signed.IsZero() {
		b.SignedAt = &a.Signed
	}
	for _, w := range h.Witnesses {
		b.Witnesses = append(b.Witnesses, witness{Name: w.Key.Name(), Key: w.Public, URL: w.URL})
	}
	for _, e := range es {
		b.Restores = append(b.Restores, restoring{Epoch: e.Number, Cut: e.Cut, Old: e.Old})
	}
	return out, nil
}

func (h *handlers) list(ctx context.Context, in *listInput) (*listOutput, error) {
	cs, err := h.Journal.Checkpoints(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listOutput{Cache: newest}
	out.Body.Items = []checkpoint{}
	for _, c := range cs {
		out.Body.Items = append(out.Body.Items, checkpoint{Size: c.Size, Root: c.Root.String(), SignedAt: c.At, Epoch: c.Epoch, Note: c.Note})
	}
	if len(cs) == in.Limit {
		out.Body.Next = &cs[len(cs)-1].Size
	}
	return out, nil
}

func (h *handlers) proof(ctx context.Context, in *proofInput) (*proofOutput, error) {
	entry, err := id.Parse[journal.Entry](in.Entry)
	if err != nil {
		return nil, errs.E(errs.NotFound, "journal.noEntry", errs.P("id", in.Entry), errs.Cause(err))
	}
	p, err := h.Journal.ProofAt(ctx, entry, in.Size)
	if err != nil {
		return nil, err
	}
	out := &proofOutput{Cache: newest}
	if in.Size > 0 {
		out.Cache = minute
	}
	b := &out.Body
	b.Entry, b.Number, b.Leaf, b.Path, b.Checkpoint = p.ID, p.Seq, p.Leaf.String(), hashes(p.Path), p.Checkpoint
	return out, nil
}

func (h *handlers) consistency(ctx context.Context, in *consistencyInput) (*consistencyOutput, error) {
	out := &consistencyOutput{Cache: forever}
	out.Body.Old, out.Body.New = in.Old, in.New
	if in.New == 0 {
		c, err := h.Journal.Checkpoint(ctx)
		if err != nil {
			return nil, err
		}
		out.Cache, out.Body.New = newest, c.Size
	}
	path, err := h.Journal.ConsistencyOf(ctx, in.Old, out.Body.New)
	out.Body.Path = hashes(path)
	return out, err
}

func hashes(in []tlog.Hash) []string {
	out := make([]string, len(in))
	for i, h := range in {
		out[i] = h.String()
	}
	return out
}

// tile serves the hashes of the tree as C2SP tlog-tiles has them: LEVEL/x001/234 and
// LEVEL/x001/234.p/56. Entries themselves are not public and have no tiles.
func (h *handlers) tile(w http.ResponseWriter, r *http.Request) error {
	if err := h.allow(web.Network(r)); err != nil {
		return err
	}
	level, path := r.PathValue("level"), r.PathValue("tile")
	if level == "entries" || level == "data" || strings.Contains(path, "..") {
		return errs.E(errs.NotFound, "journal.noTile")
	}
	t, err := tlog.ParseTilePath("tile/" + strconv.Itoa(journal.TileHeight) + "/" + level + "/" + path)
	if err != nil {
		return errs.E(errs.NotFound, "journal.noTile", errs.Cause(err))
	}
	data, err := h.Journal.Tile(r.Context(), t)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", forever)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(data)
	return nil
}
