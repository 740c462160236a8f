package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service/scaffold"
	"khue/internal/register/catalog"
)

type serviceNewCmd struct {
	Dir       string `arg:"" help:"Folder to make; its name becomes the last word of the service's id." type:"path"`
	From      string `help:"Template: simple, chain or consultation." default:"simple" enum:"${servicekinds}"`
	Procedure string `help:"National code of the procedure: name, papers, term, fee and result come from the catalogue." placeholder:"1.004873"`
	City      string `help:"Data folder of a city that has imported the catalogue; empty: the records that come with the program." type:"existingdir"`
}

// Run writes a package that passes lint and test at once. It asks nothing, and writes
// nothing where the folder holds anything.
func (s *serviceNewCmd) Run(c *command) error {
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	shown := typed(s.Dir)
	if err := vacant(s.Dir, shown); err != nil {
		return err
	}
	p, err := s.record(c)
	if err != nil {
		return err
	}
	w, err := playWorld()
	if err != nil {
		return err
	}
	made, err := scaffold.New(scaffold.Options{
		Name: filepath.Base(s.Dir), From: s.From, Code: s.Procedure, Procedure: p, Comments: c.lang,
		Today: clock.DateOf(clock.System().Now()), World: w,
	})
	if err != nil {
		return err
	}
	for _, f := range made.Files {
		name := filepath.Join(s.Dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // an author's folder, not data
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil { //nolint:gosec // the same
			return err
		}
	}
	source := b.T(c.lang, "scaffold.fromNothing")
	if p != nil {
		source = b.T(c.lang, "scaffold.fromRecord", "code", s.Procedure)
	}
	fmt.Fprintln(c.out, b.T(c.lang, "scaffold.made", "n", len(made.Files), "dir", shown, "id", made.ID, "from", source))
	fmt.Fprintf(c.out, "\n%s\n", b.T(c.lang, "scaffold.todo"))
	for _, key := range made.Unknown {
		fmt.Fprintln(c.out, "  -", b.T(c.lang, key))
	}
	fmt.Fprintf(c.out, "\n%s\n", b.T(c.lang, "scaffold.next"))
	for _, verb := range []string{"lint", "test", "preview"} {
		fmt.Fprintf(c.out, "  khue service %s %s\n", verb, shown)
	}
	return nil
}

func vacant(dir, shown string) error {
	st, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return errs.E(errs.Conflict, "scaffold.notFolder", errs.P("dir", shown))
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = errs.E(errs.Conflict, "scaffold.notEmpty", errs.P("dir", shown))
	}
	return err
}

// record is what the catalogue knows of the procedure; nil where none was named.
func (s *serviceNewCmd) record(c *command) (*catalog.Procedure, error) {
	code := catalog.Code(s.Procedure)
	if code == "" {
		return nil, nil
	}
	if !code.Valid() {
		return nil, errs.E(errs.Invalid, "scaffold.code", errs.P("code", s.Procedure))
	}
	if s.City != "" {
		return s.imported(c.ctx, c, code)
	}
	p, ok, err := catalog.Embedded(code)
	if err == nil && !ok {
		err = errs.E(errs.NotFound, "scaffold.noRecord", errs.P("code", s.Procedure))
	}
	return p, err
}

func (s *serviceNewCmd) imported(ctx context.Context, c *command, code catalog.Code) (*catalog.Procedure, error) {
	city, err := New(ctx, storageFlags{Data: s.City}.config(c))
	if err != nil {
		return nil, err
	}
	defer city.Close()
	p, err := city.Catalog.Get(ctx, code, clock.Date{})
	if errs.Is(err, errs.NotFound) {
		return nil, errs.E(errs.NotFound, "scaffold.noRecordIn", errs.P("code", s.Procedure, "dir", typed(s.City)))
	}
	return p, err
}
