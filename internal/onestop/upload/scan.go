package upload

import (
	"context"
	"io"
	"log/slog"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/module"
)

// Scanner says whether a file is harmful: threat is what it is called, "" for a clean file. An
// error means that nobody knows.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (threat string, err error)
	Ping(ctx context.Context) error
}

// Scanning is what is done about harmful files; the zero value asks nobody.
type Scanning struct {
	By Scanner
	// TakeUnscanned keeps files while the scanner is away; otherwise they are not taken.
	TakeUnscanned bool
	Log           *slog.Logger
}

// Outcomes of a scan, as they are counted.
const (
	scanClean   = "clean"
	scanHarmful = "harmful"
	scanAway    = "away"
)

// scan holds a file until it is known. Invalid for a harmful one, Unavailable where nobody
// can say and unscanned files are not taken.
func (s *Service) scan(ctx context.Context, in Source) error {
	if s.scanning.By == nil {
		return nil
	}
	threat, err := s.scanning.By.Scan(ctx, io.NewSectionReader(in.R, 0, in.Size))
	log := s.scanning.Log
	if log == nil {
		log = slog.Default()
	}
	switch {
	case err == nil && threat == "":
		s.scans.Add(1, scanClean)
		return nil
	case err == nil:
		s.scans.Add(1, scanHarmful)
		log.WarnContext(ctx, "upload: a harmful file was refused", "threat", threat, "bytes", in.Size)
		return errs.E(errs.Invalid, "upload.harmful")
	}
	s.scans.Add(1, scanAway)
	log.ErrorContext(ctx, "upload: the scanner could not be asked", "taken", s.scanning.TakeUnscanned, "error", err)
	if s.scanning.TakeUnscanned {
		return nil
	}
	return errs.E(errs.Unavailable, "upload.unscanned")
}

func (s *Service) health() []module.Check {
	if s.scanning.By == nil {
		return nil
	}
	return []module.Check{{Name: "scanner", Do: s.scanning.By.Ping}}
}

func (s *Service) measures() []measure.Group {
	return []measure.Group{{
		Name:    "scans",
		Figures: []measure.Figure{{Name: "khue_upload_scans_total", Help: "Files that the scanner was asked about on this node, by what it said.", Labels: []string{"outcome"}, Total: true}},
		Now: func(put measure.Put) {
			for _, o := range []string{scanClean, scanHarmful, scanAway} {
				put("khue_upload_scans_total", 0, o)
			}
			s.scans.Tell(put, "khue_upload_scans_total", 1)
		},
	}}
}
