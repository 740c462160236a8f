package signature

import (
	"bytes"
	"context"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/sign"
)

// Verdict is what a reader is told of a file in one word.
type Verdict string

// The verdicts.
const (
	Good     Verdict = "good"     // every signature holds, nothing was added
	Changed  Verdict = "changed"  // signed, then changed
	Doubtful Verdict = "doubtful" // whole, but somebody who signed is not to be relied on
	Unsigned Verdict = "unsigned"
)

// Report is what a signed file is worth.
type Report struct {
	Kind       string // pdf, xml
	SHA256     string
	Size       int
	Verdict    Verdict
	Signatures []sign.Signature // the oldest first
	At         time.Time
}

// slowest bounds the verification of one file.
const slowest = 10 * time.Second

// Verify reads a PDF or XML of anybody and tells what its signatures are worth. Errors: Invalid
// where it is neither; TooLarge; Unavailable where too many are being read.
func (s *Service) Verify(ctx context.Context, file []byte) (r Report, err error) {
	defer errs.Op(&err, "signature.Verify")
	if len(file) > sign.MaxFile {
		return r, errs.E(errs.TooLarge, "signature.error.large")
	}
	ctx, cancel := context.WithTimeout(ctx, slowest)
	defer cancel()
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return r, errs.E(errs.Unavailable, "signature.error.busy", errs.Cause(ctx.Err()))
	}
	a := s.d.Authority.Authorities()
	r = Report{SHA256: digest(file), Size: len(file), At: a.Now}
	if bytes.HasPrefix(file, []byte("%PDF-")) {
		r.Kind = "pdf"
		r.Signatures, err = a.CheckPDF(ctx, file)
	} else {
		r.Kind = "xml"
		r.Signatures, err = a.CheckXML(ctx, file)
	}
	if err != nil {
		return r, errs.E(errs.Invalid, "signature.error.file", errs.Cause(err))
	}
	r.Verdict = verdict(r.Signatures)
	return r, nil
}

func verdict(list []sign.Signature) Verdict {
	if len(list) == 0 {
		return Unsigned
	}
	out := Good
	for _, s := range list {
		if s.Whole == sign.Altered || s.Whole == sign.Added {
			return Changed
		}
		if !s.Good() {
			out = Doubtful
		}
	}
	if last := list[len(list)-1]; last.Whole != sign.Kept && out == Good {
		return Changed
	}
	return out
}
