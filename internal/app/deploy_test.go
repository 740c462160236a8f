package app_test

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"khue/internal/app"
)

// TestTheExampleSettingsAreTaken: deploy/khue.yaml, also with every line that is commented
// out, names only settings that there are.
func TestTheExampleSettingsAreTaken(t *testing.T) {
	b, err := os.ReadFile("../../deploy/khue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^#([a-z-]+: )`).ReplaceAll(b, []byte("$1"))
	all = regexp.MustCompile(`(?m)^tls-.*$`).ReplaceAll(all, nil) // files that are not here
	for name, text := range map[string][]byte{"as it is": b, "with all": all} {
		file := t.TempDir() + "/khue.yaml"
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("KHUE_CONFIG", file)
		var out, errOut bytes.Buffer
		if code := app.Main(context.Background(), "khue", []string{"serve", "--print-config"}, &out, &errOut); code != 0 || !strings.Contains(out.String(), "public-url: https://dichvucong.example.vn") {
			t.Errorf("%s: %d %s %s", name, code, &out, &errOut)
		}
	}
}

// TestTheUnitStartsWhatThereIs: the unit and the container call commands and settings of the program.
func TestTheUnitStartsWhatThereIs(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../deploy/systemd/khue.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ExecStart=/usr/local/bin/khue serve\n", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=khue", "LimitNOFILE=65536", "CapabilityBoundingSet=\n", "RestartPreventExitStatus=75 2"} {
		if !strings.Contains(string(unit), want) {
			t.Errorf("the unit lacks %q", want)
		}
	}
	box, err := os.ReadFile("../../deploy/container/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(box, []byte("curl")) || bytes.Contains(box, []byte("wget")) || !bytes.Contains(box, []byte("USER khue")) {
		t.Error("the container fetches something, or runs as root")
	}
}
