package deploy

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"passerelle/test/shared"
)

// built is the program as the Dockerfile builds it.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "passerelle-image-")
	if err != nil {
		return "", err
	}
	file, err := os.ReadFile(filepath.Join("..", "..", "deploy", "Dockerfile"))
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, "passerelle")
	line := regexp.MustCompile(`(?m)^RUN (.* go build .*)$`).FindSubmatch(file)[1]
	// The tree of the tests need not be a git checkout; the image's is.
	command := strings.NewReplacer("/root/image/passerelle", to, "-buildvcs=true", "-buildvcs=auto").Replace(string(line))
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	return to, cmd.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if program, _ := built(); program != "" {
		_ = os.RemoveAll(filepath.Dir(program)) // the system clears what is left
	}
	os.Exit(code)
}

func program(t *testing.T) string {
	t.Helper()
	out, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheProgramIsStatic(t *testing.T) {
	t.Parallel()
	f, err := elf.Open(program(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it needs %v, %v", libraries, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it needs a loader")
		}
	}
}

// The image is an empty root with the program, the authorities' certificates and
// its folders. A hub starts in it as nobody, its health check says how it does,
// and it ends when told to. Docker itself is not needed.
func TestAHubRunsInTheImage(t *testing.T) {
	t.Parallel()
	shared.Admin(t)
	root := t.TempDir()
	image := readImage(t)
	image.lay(t, root)
	run := func(args ...string) *exec.Cmd {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Path, cmd.Dir, cmd.Env = args[0], image.workdir, []string{"HOME=/"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: image.user, Gid: image.user}}
		return cmd
	}
	var log bytes.Buffer
	hub := run(append(image.entrypoint, image.cmd...)...)
	hub.Stderr = &log
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Process.Kill() })
	var last []byte
	for deadline := 0; ; deadline++ {
		out, err := run(image.health...).CombinedOutput()
		if last = out; err == nil {
			break
		}
		if deadline == 200 {
			t.Fatalf("the health check: %v %s\n%s", err, last, &log)
		}
	}
	if !strings.Contains(string(last), "crm.prospects") {
		t.Errorf("the health check said %s", last)
	}
	if err := hub.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := hub.Wait(); err != nil {
		t.Errorf("stopping: %v\n%s", err, &log)
	}
	if out, err := run(image.health...).CombinedOutput(); err == nil {
		t.Errorf("the health check of a hub that stopped: %s", out)
	}
}

// dockerfile is what the last stage says.
type dockerfile struct {
	entrypoint, cmd, health []string
	workdir, volume         string
	user                    uint32
}

func readImage(t *testing.T) (d dockerfile) {
	t.Helper()
	_, stage, ok := strings.Cut(read(t, "deploy/Dockerfile"), "\nFROM scratch\n")
	if !ok {
		t.Fatal("there is no FROM scratch")
	}
	for line := range strings.SplitSeq(stage, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		var err error
		switch word {
		case "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &d.entrypoint)
		case "CMD":
			err = json.Unmarshal([]byte(rest), &d.cmd)
		case "HEALTHCHECK":
			_, command, _ := strings.Cut(rest, "CMD ")
			err = json.Unmarshal([]byte(command), &d.health)
		case "WORKDIR":
			d.workdir = rest
		case "VOLUME":
			d.volume = rest
		case "USER":
			if rest != "65532:65532" {
				t.Fatalf("the user is %s", rest)
			}
			d.user = 65532
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return d
}

// lay makes the image's files, with the first example as its config.
func (d dockerfile) lay(t *testing.T, root string) {
	t.Helper()
	raw, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, d.entrypoint[0]), raw, 0o755); err != nil {
		t.Fatal(err)
	}
	from, _ := example(t, "deploy/examples/first")
	text := strings.NewReplacer("127.0.0.1:8080", "127.0.0.1:0", "data_dir: ./data", "data_dir: "+d.volume).Replace(read(t, "deploy/examples/first/passerelle.yaml"))
	write(t, filepath.Join(from, "passerelle.yaml"), fillIn(text))
	for _, dir := range []string{d.workdir, d.volume, "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(root, d.workdir), os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for dir := root; len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err = filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(d.user), int(d.user))
	})
	if err != nil {
		t.Fatal(err)
	}
}
