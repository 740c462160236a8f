package uploadweb

import (
	"context"
	"encoding/json"
	"strings"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/upload"
)

// BoxArgs is the box of one paper.
type BoxArgs struct {
	Place Place
	Paper string
	Field ui.Field // of the plain file field
	Files []ui.File
}

// photographs reports whether a paper may be one, so that a phone offers its camera.
func photographs(accept string) bool { return strings.Contains(accept, ".jpg") }

// words are what the script says, in the reader's language.
func words(ctx context.Context) string {
	out := map[string]string{}
	for _, k := range []string{"queued", "sending", "resumed", "lost", "checking", "cancel", "held", "failed", "dark", "blurred"} {
		out[k] = i18n.T(ctx, "uploadweb.say."+k, "n", "{n}", "name", "{name}")
	}
	b, _ := json.Marshal(out) // strings always marshal
	return string(b)
}

// Arriving shows the unfinished uploads of a paper: choosing the same file goes on.
func Arriving(ctx context.Context, us []upload.Upload, paper string) (out []ui.File) {
	for _, u := range us {
		if u.Paper == paper && !u.Finished() {
			out = append(out, ui.File{
				Name: u.Name, Size: formweb.FileSize(ctx, u.Size), Note: i18n.T(ctx, "uploadweb.arriving", "n", u.Percent()), Remove: "upload/" + u.ID.String(),
			})
		}
	}
	return out
}
