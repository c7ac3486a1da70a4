package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"passerelle/internal/fault"
)

// ReadJSON reads a 2xx answer into into and closes its body; numbers in an any
// come as [json.Number]. An answer that is cut short, too long, a web page or
// otherwise not the JSON expected is unavailable; for anything but a GET it
// may have been applied. Its errors hold nothing of the answer.
func ReadJSON(op string, resp *http.Response, into any) error {
	defer resp.Body.Close()
	err := readJSON(resp, into)
	if err == nil {
		return nil
	}
	e := fault.New(fault.Unavailable, op, err)
	e.MayHaveApplied = resp.Request.Method != http.MethodGet
	return e
}

func readJSON(resp *http.Response, into any) error {
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return describe(err)
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if strings.HasSuffix(kind, "html") || bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) {
		return errors.New("the answer is a web page, not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return notExpected(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the answer goes on after its JSON")
	}
	return nil
}

func notExpected(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("the answer's JSON has another shape than expected at byte %d", wrong.Offset)
	case errors.Is(err, io.EOF):
		return errors.New("the answer is empty, not JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the answer's JSON is cut short")
	}
	return errors.New("the answer is not JSON")
}
