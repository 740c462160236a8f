package blob

import (
	"context"
	"embed"
	"encoding/hex"
	"io"
	"time"

	"khue/internal/kernel/errs"
)

// Messages are this package's sentences (keys under "blob").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Ref names a blob.
type Ref struct {
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
	Size   int64  `json:"size"`
}

// Valid reports whether the name could be that of a blob; a store never looks for another.
func (r Ref) Valid() bool {
	if len(r.SHA256) != 64 || r.Size < 0 {
		return false
	}
	for i := range len(r.SHA256) {
		if c := r.SHA256[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Store keeps blobs. Implementations are safe for concurrent use.
type Store interface {
	// Put reads r to its end and returns the blob's name once the bytes are durable. More
	// than max bytes are refused with TooLarge blob.tooLarge, and nothing is kept.
	Put(ctx context.Context, r io.Reader, max int64) (Ref, error)
	// Open reads a blob. The bytes are checked on the way: a read ends with Internal
	// blob.damaged, not with io.EOF, where they are not what the name says.
	// NotFound blob.missing where there is none.
	Open(ctx context.Context, ref Ref) (io.ReadCloser, error)
	// Stat returns nil where the blob is kept, NotFound blob.missing where not.
	Stat(ctx context.Context, ref Ref) error
	// Remove forgets a blob that was put before an instant; one that was put again since stays, and
	// one that is not there is fine. The caller knows that nothing named it at that instant.
	Remove(ctx context.Context, ref Ref, before time.Time) error
}

func tooLarge(max int64) error { return errs.E(errs.TooLarge, "blob.tooLarge", errs.P("max", max)) }

func missing(ref Ref) error {
	return errs.E(errs.NotFound, "blob.missing", errs.P("sha256", short(ref.SHA256)))
}

func damaged(ref Ref) error {
	return errs.E(errs.Internal, "blob.damaged", errs.P("sha256", short(ref.SHA256)))
}

// short is what a person can read out.
func short(sum string) string {
	if _, err := hex.DecodeString(sum); err != nil || len(sum) < 12 {
		return "?"
	}
	return sum[:12]
}
