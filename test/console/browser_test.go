package console

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/test/shared"
)

var (
	deskChoice = desk.Choice{Campaign: "spring"}
	deskPage   = desk.Page{Limit: 500}
)

// seat is a browser in which somebody works.
type seat struct {
	*floor
	t    testing.TB
	ctx  context.Context
	lang string
	also string // where else it may go, "" for nowhere

	mu      sync.Mutex
	foreign []string // addresses that were asked for and are not the bridge's
	broken  []string // what scripts and the page's policy complained of
}

// action is something done in a browser.
type action = chromedp.Action[chromedp.Void]

// window is the Chromium that everybody's browsers are in, each with cookies of
// its own.
var window struct {
	sync.Once
	ctx context.Context
	end context.CancelFunc
	err error
}

func chromium(t testing.TB) context.Context {
	t.Helper()
	window.Do(func() {
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.WindowSize(1360, 900),
			chromedp.DisableGPU)
		alloc, gone := chromedp.NewExecAllocator(context.Background(), opts...)
		ctx, end := chromedp.NewContext(alloc)
		window.ctx, window.end = ctx, func() { end(); gone() }
		window.err = chromedp.Do(ctx)
	})
	if window.err != nil {
		t.Fatal(window.err)
	}
	return window.ctx
}

// sit opens a browser that speaks a language.
func (f *floor) sit(t testing.TB, lang string) *seat {
	t.Helper()
	shared.Programs(t, "chromium")
	axe(t) // what cannot be had is said before anything is done
	ctx, end := chromedp.NewContext(chromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	ctx, over := context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(over)
	s := &seat{floor: f, t: t, ctx: ctx, lang: lang}
	if err := chromedp.Listen(ctx, s.watch); err != nil {
		t.Fatal(err)
	}
	call(s, network.Enable, network.EnableParams{})
	call(s, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}})
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.foreign)+len(s.broken) > 0 {
			t.Errorf("asked elsewhere: %q; complaints: %q", s.foreign, s.broken)
		}
	})
	return s
}

// call gives the browser a command of its protocol.
func call[P, R any](s *seat, cmd cdp.Command[P, R], params P) R {
	s.t.Helper()
	out, err := chromedp.Call(s.ctx, cmd, params)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// do works in the browser.
func (s *seat) do(actions ...action) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, actions...); err != nil {
		where, _ := chromedp.Run(s.ctx, chromedp.Location())
		s.t.Fatalf("at %s: %v", where, err)
	}
}

// ask asks the page.
func ask[T any](s *seat, script string) T {
	s.t.Helper()
	out, err := chromedp.Run(s.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		s.t.Fatalf("%s: %v", script, err)
	}
	return out
}

// to opens an address.
func (s *seat) to(path string) { s.t.Helper(); s.do(chromedp.Navigate(s.base + path)) }

// signIn signs somebody in and waits for their first page.
func (s *seat) signIn(who bridge.PersonID) {
	s.t.Helper()
	s.to("/sign-in")
	s.do(
		chromedp.SendKeys(chromedp.CSS(`.door input[name=login]`), string(who)),
		chromedp.SendKeys(chromedp.CSS(`.door input[name=password]`), password(who)+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(`nav`)),
	)
}

// text is what the page's main part shows.
func (s *seat) text() string {
	s.t.Helper()
	return ask[string](s, `document.querySelector("main").innerText`)
}

// says waits until the page begins with a line that holds the text.
func (s *seat) says(text string) {
	s.t.Helper()
	last := ""
	defer func() {
		if !strings.Contains(last, text) {
			s.t.Logf("it says last: %s", last)
		}
	}()
	eventually(s.t, "the page says "+text, func() bool {
		got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`location.pathname + " " + (document.querySelector("#notice")?.textContent ?? "")`))
		if err == nil {
			last = got
		}
		return err == nil && strings.Contains(got, text)
	})
}

// at waits until the browser is at an address, and the page there.
func (s *seat) at(path string) {
	s.t.Helper()
	eventually(s.t, "the browser is at "+path, func() bool {
		got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`document.readyState == "complete" ? location.href : ""`))
		return err == nil && strings.HasPrefix(got, s.base+path)
	})
}

// rooms are where a page is looked at, and what axe-core looks for there: once for
// everything, then for what the colours or the width may change.
var rooms = []struct {
	name, scheme  string
	width, height int64
	axe           string // options of axe.run
}{
	{"light", "light", 1360, 900, `{}`},
	{"dark", "dark", 1360, 900, `{ runOnly: ["color-contrast"] }`},
	{"phone", "light", 360, 780, `{ rules: { "color-contrast": { enabled: false } } }`},
}

// picture finds what some people would stumble over on the page, in a light and a
// dark room and on a telephone, and writes what it looks like there if somebody
// asks for it. In English the words alone are others, so their width is looked at.
func (s *seat) picture(name string) {
	s.t.Helper()
	dir := os.Getenv("PASSERELLE_SCREENSHOTS")
	for _, room := range rooms {
		french, phone := s.lang == "fr", room.name == "phone"
		if !french && !phone && dir == "" {
			continue
		}
		call(s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: room.scheme}},
		})
		call(s, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: room.width, Height: room.height, DeviceScaleFactor: 1, Mobile: phone,
		})
		if phone && ask[bool](s, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
			s.t.Errorf("%s, %s, is wider than a telephone", name, s.lang)
		}
		if found := ask[[]string](s, access); len(found) > 0 {
			s.t.Errorf("%s, %s, %s: %q", name, s.lang, room.name, found)
		}
		if french {
			if found := s.violations(room.axe); len(found) > 0 {
				s.t.Errorf("%s, %s: axe-core finds %q", name, room.name, found)
			}
		}
		if dir != "" {
			s.photograph(filepath.Join(dir, name+"-"+s.lang+"-"+room.name+".png"))
		}
	}
	call(s, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
	call(s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
}

// photograph writes the whole page into a file.
func (s *seat) photograph(path string) {
	s.t.Helper()
	whole := true
	shown := call(s, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole})
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, shown.Data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}
