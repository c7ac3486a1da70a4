package console

import (
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// watch notes what a page asks for elsewhere, and what breaks in it.
func (s *seat) watch(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; (s.also == "" || !strings.HasPrefix(url, s.also+"/")) && !strings.HasPrefix(url, s.base+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "about:") {
			s.foreign = append(s.foreign, url)
		}
	case *runtime.EventExceptionThrown:
		s.broken = append(s.broken, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
			s.broken = append(s.broken, e.Entry.Text)
		}
	}
}
