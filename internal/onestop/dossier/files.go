package dossier

import (
	"context"
	"io"
	"slices"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/register/access"
)

// OpenFile opens a paper of a dossier for its owner or an officer.
func (s *Service) OpenFile(ctx context.Context, code, digest string) (f form.File, r io.ReadCloser, err error) {
	defer errs.Op(&err, "dossier.OpenFile")
	_, c, _, err := s.read(ctx, code, access.Paper)
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
