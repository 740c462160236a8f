package app

import (
	"fmt"
	"os"
	"path/filepath"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service"
)

type serviceKeygenCmd struct {
	Name string `required:"" help:"Name of the author, as the city will know it: letters, digits and dots." placeholder:"NAME"`
	Out  string `short:"o" required:"" help:"File for the private key; it stays with the author." type:"path" placeholder:"FILE"`
}

// Run writes a private key that only its owner may read, and prints the public one.
func (s *serviceKeygenCmd) Run(c *command) error {
	private, public, err := service.NewKey(s.Name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("app: key: %w", err)
	}
	if _, err = f.WriteString(private + "\n"); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("app: key: %w", err)
	}
	fmt.Fprintln(c.out, public)
	return nil
}

type servicePackCmd struct {
	Dir string `arg:"" help:"Folder of the service." type:"existingdir"`
	Key string `required:"" help:"Private key of the author, from khue service keygen." type:"existingfile" placeholder:"FILE"`
	Out string `short:"o" help:"Archive to write; empty: <folder>.khue.zip." type:"path" placeholder:"FILE"`
}

// Run checks the package, signs it and writes it as one archive. The same folder and key
// make the same bytes.
func (s *servicePackCmd) Run(c *command) error {
	files, problems := service.ReadFolder(os.DirFS(s.Dir), ".")
	if problems.Failed() {
		return c.report(typed(s.Dir), problems)
	}
	key, err := os.ReadFile(s.Key)
	if err != nil {
		return fmt.Errorf("app: key: %w", err)
	}
	if err := service.Sign(files, string(key)); err != nil {
		return err
	}
	archive, err := service.Pack(files)
	if err != nil {
		return err
	}
	pkg, problems := service.LoadArchive("", archive)
	if pkg == nil {
		return c.report(typed(s.Dir), problems)
	}
	if err := c.report(typed(s.Dir), problems); err != nil {
		return err
	}
	out := s.Out
	if out == "" {
		out = filepath.Base(filepath.Clean(s.Dir)) + ".khue.zip"
	}
	if err := os.WriteFile(out, archive, 0o644); err != nil { //nolint:gosec // to be sent to the city
		return fmt.Errorf("app: pack: %w", err)
	}
	fmt.Fprintf(c.out, "%s: %s %s, %d bytes, SHA-256 %s\n", typed(out), pkg.ID, pkg.Version, len(archive), pkg.Digest)
	return nil
}

// load reads a package from a folder or an archive.
func loadPackage(name string) (*service.Package, decl.Problems, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s is neither a folder nor an archive", errUsage, name)
	}
	if st.IsDir() {
		pkg, problems := service.Load(os.DirFS(name), ".")
		return pkg, problems, nil
	}
	archive, err := readArchive(name)
	if err != nil {
		return nil, nil, err
	}
	pkg, problems := service.LoadArchive("", archive)
	return pkg, problems, nil
}

// readArchive reads no more of a file than a package may have.
func readArchive(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	if st.Size() > service.MaxArchive {
		return nil, errs.E(errs.TooLarge, "service.lint.archiveSize", errs.P("max", service.MaxArchive>>20))
	}
	b, err := os.ReadFile(name) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	return b, nil
}
