package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/db"
)

// Format names the shape of everything below.
const Format = "khue-backup/1"

// Base is the beginning of a generation.
type Base struct {
	Format     string    `json:"format"`
	Generation string    `json:"generation"`
	Engine     string    `json:"engine"`
	Owner      db.Owner  `json:"owner,omitzero"` // PostgreSQL's database and role
	Version    string    `json:"version"`
	Begun      time.Time `json:"begun"`
	Ended      time.Time `json:"ended"` // the first instant that can be restored
	Segment    int64     `json:"segment"`
	Names      []byte    `json:"names"` // key of the objects' names
	Files      []File    `json:"files"` // of the database
	Keys       []File    `json:"keys"`
	Blobs      []Object  `json:"blobs"`
	Erasures   []Erasure `json:"erasures"` // all there were
	Checkpoint string    `json:"checkpoint"`
}

// File is a file and where its bytes are.
type File struct {
	Name   string   `json:"name"`
	Dir    bool     `json:"dir,omitempty"`
	Size   int64    `json:"size"`
	Chunks []Object `json:"chunks,omitempty"`
}

// Segment is a stretch of the log: what was committed after From (the To of the one before), all
// that was until To, and nothing later than Upto.
type Segment struct {
	Format     string    `json:"format"`
	Generation string    `json:"generation"`
	Number     int64     `json:"number"`
	Before     string    `json:"before"` // SHA-256 of the segment before, as it is before encryption
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Upto       time.Time `json:"upto"`
	Blobs      []Object  `json:"blobs,omitempty"`
	Erasures   []Erasure `json:"erasures,omitempty"`
	Checkpoint string    `json:"checkpoint,omitempty"`
	Runs       []db.Run  `json:"runs,omitempty"`
}

// Erasure is one thing that was erased, by number.
type Erasure struct {
	ID   int64  `json:"id"` // entry that says it
	At   int64  `json:"at"`
	Kind string `json:"kind"`
	Of   int64  `json:"of"`
}

func basePath(generation string) string { return "generations/" + generation + "/base.age" }

func segmentPath(generation string, n int64) string {
	return fmt.Sprintf("generations/%s/%06d/%09d.age", generation, n/1000, n)
}

// encode is the segment as it is encrypted: the length of its head, the head, the log.
func (s Segment) encode(data []byte) (b []byte, sum string, err error) {
	head, err := json.Marshal(s)
	if err != nil {
		return nil, "", err
	}
	b = binary.BigEndian.AppendUint32(nil, uint32(len(head))) //nolint:gosec // some kilobytes
	b = append(append(b, head...), data...)
	h := sha256.Sum256(b)
	return b, hex.EncodeToString(h[:]), nil
}

func (v *Vault) base(generation string) (b Base, err error) {
	raw, err := v.readAll(basePath(generation))
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, damaged(basePath(generation), err)
	}
	if b.Format != Format || b.Generation != generation {
		return b, damaged(basePath(generation), fmt.Errorf("it is of %q, generation %q", b.Format, b.Generation))
	}
	return b, nil
}

func (v *Vault) segment(generation string, n int64) (s Segment, data []byte, sum string, err error) {
	name := segmentPath(generation, n)
	raw, err := v.readAll(name)
	if err != nil {
		return s, nil, "", err
	}
	if len(raw) < 4 || int64(len(raw)) < 4+int64(binary.BigEndian.Uint32(raw)) {
		return s, nil, "", damaged(name, errors.New("too short"))
	}
	head := raw[4 : 4+int64(binary.BigEndian.Uint32(raw))]
	if err := json.NewDecoder(bytes.NewReader(head)).Decode(&s); err != nil {
		return s, nil, "", damaged(name, err)
	}
	if s.Format != Format || s.Generation != generation || s.Number != n {
		return s, nil, "", damaged(name, fmt.Errorf("it is segment %d of %q", s.Number, s.Generation))
	}
	h := sha256.Sum256(raw)
	return s, raw[4+len(head):], hex.EncodeToString(h[:]), nil
}

// generations lists the names of those whose base is whole, the oldest first.
func (v *Vault) generations() (out []string, err error) {
	list, err := os.ReadDir(filepath.Join(v.dir, "generations"))
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.IsDir() && v.has(basePath(d.Name())) {
			out = append(out, d.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}

// last is the number of the newest segment; 0 where there is none.
func (v *Vault) last(generation string) (n int64, err error) {
	err = filepath.WalkDir(filepath.Join(v.dir, "generations", generation), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		var at int64
		if name, ok := strings.CutSuffix(d.Name(), ".age"); ok {
			if _, err := fmt.Sscanf(name, "%d", &at); err == nil {
				n = max(n, at)
			}
		}
		return nil
	})
	return n, err
}
