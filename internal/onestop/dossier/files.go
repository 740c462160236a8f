package dossier

import (
	"context"
	"io"
	"slices"
	"strings"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
)

// Upload is a file as the edge hands it over. Type is what its first bytes say.
type Upload struct {
	Name string
	Type string // media type
	Size int64
	Open func() (io.ReadCloser, error)
}

// fileTypes are the kinds of papers by media type. Nothing else is kept.
var fileTypes = map[string]string{"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}

const defaultMaxMB = 10

// Keep stores a file for a paper, before any row names it. Errors: Invalid with the
// paper's field for a type that the paper does not take, TooLarge.
func (s *Service) Keep(ctx context.Context, p form.PaperDef, up Upload) (f form.File, err error) {
	defer errs.Op(&err, "dossier.Keep(%s)", p.ID)
	field := "papers." + p.ID
	refuse := func(kind errs.Kind, key string, params errs.Params) error {
		return errs.E(kind, key, errs.WithFields(errs.Field{Path: field, Key: key, Params: params}))
	}
	accept := p.Accept
	if len(accept) == 0 {
		accept = []string{"pdf", "jpg", "png"}
	}
	kind, known := fileTypes[up.Type]
	if !known || !slices.Contains(accept, kind) {
		return f, refuse(errs.Invalid, "dossier.file.type", errs.Params{"accept": strings.Join(accept, ", ")})
	}
	maxMB := p.MaxMB
	if maxMB <= 0 {
		maxMB = defaultMaxMB
	}
	if up.Size > int64(maxMB)<<20 {
		return f, refuse(errs.TooLarge, "dossier.file.large", errs.Params{"max": maxMB})
	}
	if up.Size == 0 {
		return f, refuse(errs.Invalid, "dossier.file.empty", nil)
	}
	r, err := up.Open()
	if err != nil {
		return f, err
	}
	defer func() { _ = r.Close() }()
	ref, err := s.Blobs.Put(ctx, r, int64(maxMB)<<20)
	if errs.Is(err, errs.TooLarge) {
		return f, refuse(errs.TooLarge, "dossier.file.large", errs.Params{"max": maxMB})
	}
	if err != nil {
		return f, err
	}
	return form.File{Paper: p.ID, Name: up.Name, Type: kind, Size: ref.Size, SHA256: ref.SHA256, Copies: 1}, nil
}

// OpenFile opens a paper of a dossier for its owner or an officer.
func (s *Service) OpenFile(ctx context.Context, code, digest string) (f form.File, r io.ReadCloser, err error) {
	defer errs.Op(&err, "dossier.OpenFile")
	_, c, _, err := s.Read(ctx, code)
	if err != nil {
		return f, nil, err
	}
	i := slices.IndexFunc(c.Papers, func(f form.File) bool { return f.SHA256 == digest && digest != "" })
	if i < 0 {
		return f, nil, errs.E(errs.NotFound, "dossier.file.notFound")
	}
	f = c.Papers[i]
	r, err = s.Blobs.Open(ctx, blob.Ref{SHA256: f.SHA256, Size: f.Size})
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "dossier.file.notFound", errs.Cause(err))
	}
	return f, r, err
}
