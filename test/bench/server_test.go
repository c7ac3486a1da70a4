package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/internal/store"
	"passerelle/schemas"
)

// How a copy of the test binary is told what to serve.
const (
	roleKey    = "PASSERELLE_BENCH_ROLE"
	argKey     = "PASSERELLE_BENCH_ARG"
	profileKey = "PASSERELLE_BENCH_PROFILE"
)

// gcPercent is what the program sets (cmd/passerelle/main.go).
const gcPercent = 300

// roles are the servers, each given the value of argKey.
var roles = map[string]func(arg string) (addr string, stop func(), err error){
	"hub":   serveHub,
	"empty": serveEmpty,
	"pass":  servePass,
	"naive": serveNaive,
}

// serveRole serves until the test closes our standard input.
func serveRole(role string) int {
	debug.SetGCPercent(gcPercent)
	addr, stop, err := roles[role](os.Getenv(argKey))
	if err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		return 1
	}
	defer stop()
	if path := os.Getenv(profileKey); path != "" {
		if f, err := os.Create(path); err == nil && pprof.StartCPUProfile(f) == nil {
			defer pprof.StopCPUProfile()
		}
	}
	fmt.Println(addr)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// server is a running copy.
type server struct {
	addr string
	pid  int
}

// cpu is the processor's time that the server has taken, as the kernel counts
// it; 0 where it does not say.
func (s *server) cpu() time.Duration {
	const tick = 10 * time.Millisecond // of /proc
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var total time.Duration
	for _, field := range fields[11:13] { // in user mode, in the kernel
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		total += time.Duration(n) * tick
	}
	return total
}

// start runs a role until the test ends.
func start(t *testing.T, role, arg string) *server {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), roleKey+"="+role, argKey+"="+arg)
	if *profile != "" {
		cmd.Env = append(cmd.Env, profileKey+"="+filepath.Join(*profile, strings.ReplaceAll(t.Name(), "/", "-")+"-"+role+".pprof"))
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s did not start: %v", role, err)
	}
	return &server{strings.TrimSpace(addr), cmd.Process.Pid}
}

// serveHub runs the hub whose config lies in a folder.
func serveHub(dir string) (string, func(), error) {
	cfg, err := config.Load(filepath.Join(dir, "passerelle.yaml"))
	if err != nil {
		return "", nil, err
	}
	file, err := os.Create(filepath.Join(dir, "hub.log"))
	if err != nil {
		return "", nil, err
	}
	log, err := obs.New(file, slog.LevelInfo, obs.FormatJSON)
	if err != nil {
		return "", nil, err
	}
	hub, err := app.New(context.Background(), app.Options{Config: cfg, Registry: all.Registry(), Log: log, SyncEvery: 24 * time.Hour})
	if err != nil {
		return "", nil, err
	}
	if err := hub.Start(context.Background()); err != nil {
		return "", nil, err
	}
	return hub.Addr().String(), hub.Stop, nil
}

// serveEmpty reads bodies and answers 202, behind the router that we use.
func serveEmpty(string) (string, func(), error) {
	r := chi.NewRouter()
	r.Post("/*", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	return listen(r)
}

func listen(h http.Handler) (string, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return l.Addr().String(), func() { _ = s.Close() }, nil
}

// naive is the obvious bridge: it decodes, asks the schema library, keeps what
// may be kept and makes one durable record of it, by the same group commit.
type naive struct {
	schema *jsonschema.Schema
	store  *store.Store
	made   atomic.Uint64
}

var naiveRecords = store.NewRaw("records")

func serveNaive(dir string) (string, func(), error) {
	c := jsonschema.NewCompiler()
	c.Draft, c.AssertFormat = jsonschema.Draft2020, true
	text, err := schemas.FS.ReadFile("call_outcome.v1.json")
	if err != nil {
		return "", nil, err
	}
	if err := c.AddResource("call.json", bytes.NewReader(text)); err != nil {
		return "", nil, err
	}
	n := &naive{}
	if n.schema, err = c.Compile("call.json"); err != nil {
		return "", nil, err
	}
	if n.store, err = store.Open(filepath.Join(dir, "store.db"), store.Options{}); err != nil {
		return "", nil, err
	}
	r := chi.NewRouter()
	r.Post("/*", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(n.take(r)) })
	addr, stop, err := listen(r)
	return addr, func() { stop(); _ = n.store.Close() }, err
}

func (n *naive) take(r *http.Request) int {
	var event map[string]any
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil || n.schema.Validate(event) != nil {
		return http.StatusBadRequest
	}
	if fields, ok := event["fields"].(map[string]any); ok {
		delete(fields, "prospect.city")
	}
	record, err := json.Marshal(event)
	if err != nil {
		return http.StatusInternalServerError
	}
	key := strconv.FormatUint(n.made.Add(1)+1<<40, 16)
	err = n.store.Commit(r.Context(), func(tx *store.Tx) error { return naiveRecords.Put(tx, key, record) })
	if err != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusAccepted
}

// lanes is how many calls the relay without promises posts at a time.
const lanes = 64

// servePass is the bridge's job without its promises: it answers at once, keeps
// the call in memory and posts it to the CRM.
func servePass(crm string) (string, func(), error) {
	waiting := make(chan map[string]any, 1<<20)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: lanes}}
	for range lanes {
		go func() {
			for event := range waiting {
				if err := forward(client, crm, event); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}
		}()
	}
	r := chi.NewRouter()
	r.Post("/*", func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		waiting <- event
		w.WriteHeader(http.StatusAccepted)
	})
	return listen(r)
}

// forward posts a call as the CRM knows it.
func forward(client *http.Client, crm string, event map[string]any) error {
	body, err := json.Marshal(map[string]any{
		"operation_id": event["event_id"], "prospect_id": event["prospect_id"], "at": event["occurred_at"], "result": event["disposition"],
		"duration_s": event["talk_s"], "technical": event["technical"], "note": event["note"], "caller": event["agent"],
	})
	if err != nil {
		return err
	}
	resp, err := client.Post(crm, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("the CRM answered %s", resp.Status)
	}
	return nil
}
