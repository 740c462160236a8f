package config

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// SecretTag marks a flag whose value is never printed: `secret:""`.
const SecretTag = "secret"

// File returns a kong option that reads path for flags that neither the command line nor
// the environment sets. Keys are the flags' long names ("public-url"); lists are YAML
// lists. An empty path reads nothing. It fails when the file cannot be read, and kong fails
// when a key is no flag's.
func File(path string) (kong.Option, error) {
	if path == "" {
		return kong.OptionFunc(func(*kong.Kong) error { return nil }), nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	f := file{path: path, values: map[string]any{}}
	if err := yaml.Unmarshal(b, &f.values); err != nil {
		return nil, fmt.Errorf("config: %s: %w", path, err)
	}
	return kong.Resolvers(f), nil
}

type file struct {
	path   string
	values map[string]any
}

// Validate refuses keys that no flag of any command knows, or a misspelt key would be
// silently without effect.
func (f file) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(n kong.Visitable, next kong.Next) error {
		if flag, ok := n.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	var unknown []string
	for k := range f.values {
		if !known[k] {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("config: %s: unknown: %s", f.path, strings.Join(unknown, ", "))
	}
	return nil
}

// Resolve leaves a flag alone that the environment sets.
func (f file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if _, fromEnv := environment(flag); fromEnv {
		return nil, nil
	}
	switch v := f.values[flag.Name].(type) {
	case nil:
		return nil, nil
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), nil
	case map[string]any:
		return nil, fmt.Errorf("config: %s: %s is a value or a list, not a group", f.path, flag.Name)
	default:
		return fmt.Sprint(v), nil
	}
}

func environment(flag *kong.Flag) (name string, set bool) {
	for _, e := range flag.Envs {
		if _, ok := os.LookupEnv(e); ok {
			return e, true
		}
	}
	return "", false
}

// Print writes every setting of the chosen command as a line of YAML, with secrets masked. What asks
// for another answer than the command's own (help, version) is no setting.
func Print(w io.Writer, ctx *kong.Context) error {
	for _, flag := range ctx.Flags() {
		if flag.Hidden || flag.Name == "help" || flag.Name == "version" || flag.Name == "print-config" {
			continue
		}
		value := fmt.Sprint(ctx.FlagValue(flag))
		if flag.Tag.Has(SecretTag) && value != "" {
			value = "***"
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", flag.Name, Mask(value)); err != nil {
			return err
		}
	}
	return nil
}

// Mask hides the password in a URL, as in postgres://user:…@host, also as a parameter, and the
// token that stands before the host in https+json://token@host.
func Mask(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		if strings.Contains(value, "://") {
			return "***" // unreadable: better nothing than a password
		}
		return value
	}
	if u.Host == "" && u.User == nil {
		return value
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "xxx")
	} else if u.User != nil && strings.HasSuffix(u.Scheme, "+json") {
		u.User = url.User("xxx")
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxx")
		u.RawQuery = q.Encode()
	}
	return u.String()
}
