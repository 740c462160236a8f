package crashtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"khue/internal/app/citybench"
)

var binDir string

func TestMain(m *testing.M) {
	var err error
	if binDir, err = os.MkdirTemp("", "khue-crash-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(binDir)
	os.Exit(code)
}

// program builds khue once for all tests, or takes the one that KHUE_BINARY names: a long run
// should not start with a build.
var program = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("KHUE_BINARY"); given != "" {
		return given, nil
	}
	bin := filepath.Join(binDir, "khue")
	out, err := exec.Command("go", "build", "-o", bin, "khue/cmd/khue").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building khue: %w: %s", err, out)
	}
	return bin, err
})

// city is a data folder and the process that serves it.
type city struct {
	t      *testing.T
	bin    string
	args   []string // --data and --db
	url    string
	tokens map[string]string // by role
	cmd    *exec.Cmd
	submit []byte
	stages []citybench.Stage
}

// found makes a city without dossiers that opens now, and stops it.
func found(t *testing.T, db string) *city {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return foundBy(t, bin, db)
}

// foundBy is found with another program than this one.
func foundBy(t *testing.T, bin, db string) *city {
	t.Helper()
	c := &city{t: t, bin: bin, args: []string{"--data", filepath.Join(t.TempDir(), "city"), "--db", db}, tokens: map[string]string{}}
	now := time.Now().Add(-time.Minute)
	line := c.run(nil, "demo", "--json", "--empty", "--at", now.Format(time.RFC3339), "--listen", "127.0.0.1:0")
	var told struct {
		Accounts []struct{ Role, Token string }
	}
	if err := json.Unmarshal(line, &told); err != nil {
		t.Fatal(err)
	}
	for _, a := range told.Accounts {
		if c.tokens[a.Role] == "" {
			c.tokens[a.Role] = a.Token
		}
	}
	c.end(syscall.SIGTERM)
	var err error
	c.submit, c.stages, err = citybench.Script("00118", now.AddDate(0, 0, -20).Format(time.DateOnly))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.end(syscall.SIGKILL) })
	return c
}

// run starts the program, under wrap where given, and returns its first line.
func (c *city) run(wrap []string, args ...string) []byte {
	c.t.Helper()
	all := append(append(append(wrap[:len(wrap):len(wrap)], c.bin), args...), c.args...)
	c.cmd = exec.Command(all[0], all[1:]...) //nolint:gosec // ourselves
	var complaint bytes.Buffer
	c.cmd.Stderr = &complaint
	// Officers act by tokens here; the setting, not a flag, since older programs do not know it.
	c.cmd.Env = append(os.Environ(), "KHUE_TWO_FACTORS=off")
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = c.cmd.Wait()
		c.t.Fatalf("khue %s: %v: %s", args[0], err, complaint.String())
	}
	return line
}

func (c *city) serve(wrap ...string) {
	c.t.Helper()
	c.listen(wrap)
}

// open serves with more flags.
func (c *city) open(flags ...string) {
	c.t.Helper()
	c.listen(nil, flags...)
}

func (c *city) listen(wrap []string, flags ...string) {
	c.t.Helper()
	_, addr, ok := strings.Cut(string(c.run(wrap, append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)), "http://")
	if !ok {
		c.t.Fatal("the server did not tell its address")
	}
	c.url = "http://" + strings.TrimSpace(addr)
}

// end signals the process and waits for its end.
func (c *city) end(s syscall.Signal) {
	if c.cmd != nil && c.cmd.Process != nil {
		_ = c.cmd.Process.Signal(s)
		_ = c.cmd.Wait()
		c.cmd = nil
	}
}

// verify recomputes the journal of the stopped city and counts its entries about dossiers:
// our own checks leave looks, and the city makes keys.
func (c *city) verify() (entries int64) {
	c.t.Helper()
	out, err := exec.Command(c.bin, append([]string{"verify", "--json"}, c.args...)...).Output() //nolint:gosec // ourselves
	if err != nil {
		c.t.Fatalf("khue verify: %v: %s", err, out)
	}
	var rep struct {
		OK    bool
		Kinds map[string]int64
	}
	if err := json.Unmarshal(out, &rep); err != nil || !rep.OK {
		c.t.Fatalf("khue verify: %v: %s", err, out)
	}
	for kind, n := range rep.Kinds {
		if strings.HasPrefix(kind, "dossier.") {
			entries += n
		}
	}
	return entries
}

// request is a command that may be sent again.
type request struct {
	path, role, key, action string
	body                    []byte
}

// answer holds what any of the commands answers.
type answer struct {
	Code        string
	Task        string
	TaskVersion int64
	Promise     string
	Version     int64
	State       string
	Step        string
}

func newHTTP() *http.Client { return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}} }

// post returns an error only where no whole answer came. A result that is still being drawn is
// asked for again, as a clerk would.
func (c *city) post(h *http.Client, r request) (status int, a answer, text []byte, err error) {
	for limit := time.Now().Add(2 * time.Minute); ; <-time.After(20 * time.Millisecond) {
		status, a, text, err = c.once(h, r)
		if err != nil || !citybench.Drawing(r.action, status, text) || time.Now().After(limit) {
			return status, a, text, err
		}
	}
}

func (c *city) once(h *http.Client, r request) (status int, a answer, text []byte, err error) {
	req, err := http.NewRequest(http.MethodPost, c.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, a, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.tokens[r.role])
	req.Header.Set("Idempotency-Key", r.key)
	res, err := h.Do(req)
	if err != nil {
		return 0, a, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if text, err = io.ReadAll(res.Body); err == nil {
		err = json.Unmarshal(text, &a)
	}
	return res.StatusCode, a, text, err
}

// get reads into v and fails on any other answer than 200. A clerk opens a dossier that ended
// before today by saying why, and so does whoever reads as one.
func (c *city) get(h *http.Client, path, role string, v any) error {
	status, text, err := c.look(h, path, role)
	if err == nil && status == http.StatusForbidden {
		if why, ok := citybench.Reason(path); ok {
			told, _, said, err := c.once(h, request{path: why.Path, role: role, key: why.Key, body: why.Body})
			if told != http.StatusNoContent {
				return fmt.Errorf("%s: %d, %v: %.300s", why.Path, told, err, said)
			}
			status, text, err = c.look(h, path, role)
			if err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d: %.300s", path, status, text)
	}
	return json.Unmarshal(text, v)
}

func (c *city) look(h *http.Client, path, role string) (status int, text []byte, err error) {
	req, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.tokens[role])
	res, err := h.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err = io.ReadAll(res.Body)
	return res.StatusCode, text, err
}
