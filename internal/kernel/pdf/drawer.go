package pdf

import (
	"context"
	"io"
	"log/slog"
	"time"

	"khue/internal/kernel/aside"
)

// Drawer renders in a process that gives way to pages: a paper costs some ten milliseconds, most
// of them for its type, and nobody waits for the paper of a result before a screen.
type Drawer struct {
	child *aside.Child[asked, drawn]
}

// asked are a layout and its options; the child has type of its own.
type asked struct {
	Layout      Layout
	Title, Lang string
	Created     time.Time
	ID          string
}

type drawn struct {
	PDF   []byte
	Place Place // Page 0: none was told
	Fault string
}

// drawPatience is how long a paper waits for a child that gets no time. Then it is drawn here.
const drawPatience = 8 * time.Second

// NewDrawer returns a drawer that runs a program, which must call ServeDrawings with its standard
// input and output. It is closed with Close.
func NewDrawer(log *slog.Logger, path string, args ...string) *Drawer {
	return &Drawer{aside.New[asked, drawn](log, drawPatience, path, args...)}
}

// Render is Render, in the child. Where there is none to be had, or it gets no time, or it says
// that it cannot, the paper is drawn here. It fails otherwise only where ctx ends first.
func (d *Drawer) Render(ctx context.Context, l Layout, o Options) ([]byte, error) {
	got, err := d.child.Ask(ctx, asked{Layout: l, Title: o.Title, Lang: o.Lang, Created: o.Created, ID: o.ID})
	switch {
	case err == nil && got.Fault == "":
		if o.Place != nil && got.Place.Page > 0 {
			o.Place(got.Place)
		}
		return got.PDF, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return Render(l, o)
}

// PID is the child's process; 0 where none was started.
func (d *Drawer) PID() int { return d.child.PID() }

// Close ends the child and waits for it.
func (d *Drawer) Close() { d.child.Close() }

// ServeDrawings is the child's side: it draws until its input ends.
func ServeDrawings(in io.Reader, out io.Writer, fonts Fonts) error {
	return aside.Serve(in, out, func(q asked) (a drawn) {
		b, err := Render(q.Layout, Options{Fonts: fonts, Title: q.Title, Lang: q.Lang, Created: q.Created, ID: q.ID, Place: func(p Place) { a.Place = p }})
		if err != nil {
			return drawn{Fault: err.Error()}
		}
		a.PDF = b
		return a
	})
}
