package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"khue/internal/kernel/config"
)

type grammar struct {
	Serve struct {
		DB     string   `help:"Database." default:"sqlite:khue.db" env:"KHUE_TEST_DB"`
		Listen string   `help:"Address." default:"127.0.0.1:8080" env:"KHUE_TEST_LISTEN"`
		Trust  []string `help:"Proxies." env:"KHUE_TEST_TRUST"`
		Key    string   `help:"Key." env:"KHUE_TEST_KEY" secret:""`
	} `cmd:""`
}

func parse(t *testing.T, yaml string, args ...string) (grammar, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "khue.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	opt, err := config.File(path)
	if err != nil {
		return grammar{}, "", err
	}
	var g grammar
	k, err := kong.New(&g, opt)
	if err != nil {
		return g, "", err
	}
	ctx, err := k.Parse(append([]string{"serve"}, args...))
	if err != nil {
		return g, "", err
	}
	var out bytes.Buffer
	err = config.Print(&out, ctx)
	return g, out.String(), err
}

func TestFlagsOverEnvironmentOverFileOverDefault(t *testing.T) {
	const file = "listen: from-file\ndb: from-file\ntrust: [10.0.0.0/8, 192.0.2.0/24]\n"
	t.Setenv("KHUE_TEST_LISTEN", "from-env")
	g, _, err := parse(t, file, "--db=from-flag")
	if err != nil {
		t.Fatal(err)
	}
	if s := g.Serve; s.DB != "from-flag" || s.Listen != "from-env" || strings.Join(s.Trust, " ") != "10.0.0.0/8 192.0.2.0/24" {
		t.Errorf("%+v", s)
	}
	if g, _, err = parse(t, ""); err != nil || g.Serve.DB != "sqlite:khue.db" {
		t.Errorf("with an empty file: %+v %v", g.Serve, err)
	}
}

func TestMisspeltKeysAreRefused(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"lisen: x\n", "listen: {a: b}\n", "listen: [\n"} {
		if _, _, err := parse(t, file); err == nil {
			t.Errorf("%q was taken", file)
		}
	}
}

func TestPrintMasksSecrets(t *testing.T) {
	t.Parallel()
	_, out, err := parse(t, "key: tuyệt mật\ndb: postgres://khue:tuyet-mat@db/khue\n")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, "mật") || strings.Contains(out, "tuyet-mat") || !strings.Contains(out, "db: postgres://khue:xxx@db/khue") || !strings.Contains(out, "listen: 127.0.0.1:8080") {
		t.Errorf("printed:\n%s", out)
	}
	for in, want := range map[string]string{
		"postgres://khue@db/khue?password=s": "postgres://khue@db/khue?password=xxx",
		"postgres://khue:a b%@db/khue":       "***",
		"https+json://secret@sms.vn/send":    "https+json://xxx@sms.vn/send",
		"sqlite:/var/lib/khue/khue.db":       "sqlite:/var/lib/khue/khue.db",
		"127.0.0.1:8080":                     "127.0.0.1:8080",
		"data":                               "data",
	} {
		if got := config.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}
