package db

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ReplaySQLite writes the frames of a piece into a copied database file, transaction by
// transaction. After each, over (where given) may say that this one goes too far: it is taken
// back, and stopped is true. The file is synced before the return.
func ReplaySQLite(file string, p Piece, over func() (bool, error)) (stopped bool, err error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0) //nolint:gosec // the folder of a restore
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	type write struct {
		page    uint32
		content []byte
	}
	var tx []write
	done := errors.New("over")
	data := p.Data
	for _, r := range p.Runs {
		if r.N > int64(len(data)) {
			return false, fmt.Errorf("db: a piece is shorter than its runs")
		}
		err := r.frames(data[:r.N], func(page, commit uint32, content []byte) error {
			tx = append(tx, write{page, content})
			if commit == 0 {
				return nil
			}
			var undo []write
			st, err := f.Stat()
			if err != nil {
				return err
			}
			for _, w := range tx {
				at := int64(w.page-1) * int64(r.Page)
				if over != nil {
					old := make([]byte, r.Page)
					if n, err := f.ReadAt(old, at); err == nil || errors.Is(err, io.EOF) {
						undo = append(undo, write{w.page, old[:n]})
					} else {
						return err
					}
				}
				if _, err := f.WriteAt(w.content, at); err != nil {
					return err
				}
			}
			tx = tx[:0]
			if err := f.Truncate(int64(commit) * int64(r.Page)); err != nil {
				return err
			}
			if over == nil {
				return nil
			}
			far, err := over()
			if err != nil || !far {
				return err
			}
			for i := len(undo) - 1; i >= 0; i-- {
				if _, err := f.WriteAt(undo[i].content, int64(undo[i].page-1)*int64(r.Page)); err != nil {
					return err
				}
			}
			return errors.Join(f.Truncate(st.Size()), done)
		})
		if errors.Is(err, done) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		data = data[r.N:]
	}
	if len(tx) > 0 || len(data) > 0 {
		return false, fmt.Errorf("db: a piece ends inside a transaction")
	}
	return false, nil
}

// ReplayWAL writes the WAL of a piece into its files below dir.
func ReplayWAL(dir string, p Piece) error {
	data := p.Data
	for _, r := range p.Runs {
		if r.N > int64(len(data)) || r.Segment < 1<<20 || r.Segment&(r.Segment-1) != 0 {
			return fmt.Errorf("db: a piece is no stretch of WAL")
		}
		size := uint64(r.Segment)
		for lsn, part := r.LSN, data[:r.N]; len(part) > 0; {
			n := min(size-lsn%size, uint64(len(part)))
			number, each := lsn/size, (uint64(1)<<32)/size
			name := filepath.Join(dir, fmt.Sprintf("%08X%08X%08X", r.Timeline, number/each, number%each))
			if err := writeAt(name, part[:n], int64(lsn%size), r.Segment); err != nil { //nolint:gosec // below the size of a file
				return err
			}
			lsn, part = lsn+n, part[n:]
		}
		data = data[r.N:]
	}
	return nil
}

func writeAt(name string, b []byte, at, size int64) (err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the folder of a restore
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(size); err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return err
}

// CheckFrames fails where a piece of SQLite's log does not carry the log's checksums.
func CheckFrames(p Piece) error {
	data := p.Data
	for _, r := range p.Runs {
		if r.N > int64(len(data)) {
			return fmt.Errorf("db: a piece is shorter than its runs")
		}
		if err := r.frames(data[:r.N], func(uint32, uint32, []byte) error { return nil }); err != nil {
			return err
		}
		data = data[r.N:]
	}
	return nil
}
