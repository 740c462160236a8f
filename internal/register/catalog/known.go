package catalog

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"

	"khue/internal/kernel/clock"
)

// The parts that a procedure's record is stored in.
const (
	partRow  = "row"
	partFull = "full"
)

// version is a stored version without its body.
type version struct {
	code     Code
	part     string
	revision int
	validity Validity
	source   string
	derived  bool
	digest   string
}

// change is a version to store, and the one that it takes the place of.
type change struct {
	version
	body   []byte
	closes int // revision whose validity ends where this one begins; 0 for none
}

// known is what is stored of each procedure, by revision.
type known map[Code][]version

func (k known) new(c Code) bool { return len(k[c]) == 0 }

// changes returns the versions that an entry adds from asOf on; none where it says
// what is known already.
func (k known) changes(e *entry, asOf clock.Date, source string) ([]change, error) {
	var out []change
	add := func(part string, derived bool, v any) error {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		c, ok := k.change(e.code, part, asOf, digest(raw))
		if !ok {
			return nil
		}
		c.source, c.derived = source, derived
		c.body, err = pack(part, raw)
		out = append(out, c)
		return err
	}
	if e.detail == nil {
		err := add(partRow, false, e.summary)
		return out, err
	}
	// A catalogue's row stands over what a full record repeats of it.
	if row, ok := k.at(e.code, partRow, asOf); !ok || row.derived {
		if err := add(partRow, true, e.summary); err != nil {
			return nil, err
		}
	}
	err := add(partFull, false, e.detail)
	return out, err
}

func (k known) change(code Code, part string, asOf clock.Date, digest string) (change, bool) {
	c := change{version: version{code: code, part: part, validity: Validity{From: asOf}, digest: digest}}
	for _, v := range k[code] {
		if v.part != part {
			continue
		}
		c.revision = max(c.revision, v.revision)
		if v.validity.From.After(asOf) && (c.validity.To.IsZero() || v.validity.From.Before(c.validity.To)) {
			c.validity.To = v.validity.From
		}
	}
	if cur, ok := k.at(code, part, asOf); ok {
		if cur.digest == digest {
			return change{}, false
		}
		c.closes = cur.revision
	}
	c.revision++
	return c, true
}

// at is the version of a part in force on a day.
func (k known) at(code Code, part string, d clock.Date) (version, bool) {
	for _, v := range k[code] {
		if v.part == part && v.validity.Contains(d) {
			return v, true
		}
	}
	return version{}, false
}

// apply records changes that are about to be stored.
func (k known) apply(cs []change) {
	for _, c := range cs {
		vs := k[c.code]
		for i := range vs {
			if vs[i].part == c.part && vs[i].revision == c.closes {
				vs[i].validity.To = c.validity.From
			}
		}
		k[c.code] = append(vs, c.version)
	}
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// pack makes a body: JSON, deflated for full records, which are long.
func pack(part string, raw []byte) ([]byte, error) {
	if part == partRow {
		return raw, nil
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(raw); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func unpack(part string, body []byte, v any) error {
	if part == partFull {
		raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(body)))
		if err != nil {
			return err
		}
		body = raw
	}
	return json.Unmarshal(body, v)
}
