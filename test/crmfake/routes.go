package crmfake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxBody = 1 << 20
	maxText = 2000 // characters of a text field
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !s.authorized(r) {
				refuse(w, http.StatusUnauthorized, "invalid_token", "", "The access token "+r.Header.Get("Authorization")+" is invalid or expired")
				return
			}
			h(w, r)
		})
	}
	mux.HandleFunc("POST /oauth/token", s.login)
	handle("GET /api/me", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"id": "u1", "name": "Passerelle"})
	})
	handle("GET /api/fields", s.listFields)
	handle("GET /api/users", s.listUsers)
	handle("GET /api/rights", s.listRights)
	handle("GET /api/busy", s.listBusy)
	handle("GET /api/prospects", s.listProspects)
	handle("GET /api/prospects/{id}", s.getProspect)
	handle("PATCH /api/prospects/{id}", s.patch(Prospects))
	for name, key := range map[string]string{Activities: "operation_id", Appointments: "uid"} {
		handle("GET /api/"+name, s.find(name, key))
		handle("POST /api/"+name, s.create(name))
		handle("PATCH /api/"+name+"/{id}", s.patch(name))
		handle("GET /api/"+name+"/{id}", s.get(name))
		handle("DELETE /api/"+name+"/{id}", s.delete(name))
	}
	return mux
}

func isProspects(path string) bool { return strings.HasPrefix(path, "/api/prospects") }

func (s *Server) authorized(r *http.Request) bool {
	token := s.bearer()
	return token != "" && same(r.Header.Get("Authorization"), "Bearer "+token)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, field, message string) {
	e := map[string]any{"code": code, "message": message}
	if field != "" {
		e["field"] = field
	}
	reply(w, status, map[string]any{"error": e})
}

func (s *Server) listFields(w http.ResponseWriter, _ *http.Request) {
	var data []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		data = append(data, map[string]any{"name": name, "type": s.fields[name]})
	}
	reply(w, http.StatusOK, map[string]any{"data": data})
}

// fieldsOf reads the "fields" parameter; absent or empty, a record is shown
// whole.
func (s *Server) fieldsOf(w http.ResponseWriter, q url.Values) ([]string, bool) {
	if q.Get("fields") == "" {
		return slices.Sorted(maps.Keys(s.fields)), true
	}
	var names []string
	for _, f := range strings.Split(q.Get("fields"), ",") {
		if f == "id" || f == "version" {
			continue // always shown
		}
		if _, known := s.fields[f]; !known {
			refuse(w, http.StatusUnprocessableEntity, "unknown_field", f, "Unknown field '"+f+"'")
			return nil, false
		}
		names = append(names, f)
	}
	return names, true
}

func show(r *Record, names []string) map[string]any {
	out := map[string]any{"id": r.ID, "version": r.Version}
	for _, f := range names {
		out[f] = r.Fields[f]
	}
	return out
}

func (s *Server) listProspects(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	names, ok := s.fieldsOf(w, q)
	if !ok {
		return
	}
	limit, after, ok := s.page(w, q)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data, next := []any{}, any(nil)
	for _, p := range s.tables[Prospects].order {
		if p.Gone || p.Order <= after || q.Has("list") && p.Fields["list"] != q.Get("list") {
			continue
		}
		if len(data) == limit {
			next = base64.RawURLEncoding.EncodeToString([]byte("after:" + strconv.Itoa(after)))
			break
		}
		data, after = append(data, show(p, names)), p.Order
	}
	reply(w, http.StatusOK, map[string]any{"data": data, "next": next})
}

func (s *Server) page(w http.ResponseWriter, q url.Values) (limit, after int, ok bool) {
	limit = s.pageMax
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > s.pageMax {
			refuse(w, http.StatusBadRequest, "bad_limit", "limit", fmt.Sprintf("limit must be from 1 to %d", s.pageMax))
			return 0, 0, false
		}
		limit = n
	}
	if text := q.Get("cursor"); text != "" {
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		n, err := strconv.Atoi(strings.TrimPrefix(string(raw), "after:"))
		if err != nil {
			refuse(w, http.StatusBadRequest, "bad_cursor", "cursor", "the cursor is not valid")
			return 0, 0, false
		}
		after = n
	}
	return limit, after, true
}

func (s *Server) getProspect(w http.ResponseWriter, r *http.Request) {
	names, ok := s.fieldsOf(w, r.URL.Query())
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.live(Prospects, r.PathValue("id"))
	if p == nil {
		notFound(w, r)
		return
	}
	w.Header().Set("ETag", etag(p))
	reply(w, http.StatusOK, show(p, names))
}

func etag(r *Record) string { return strconv.Quote("v" + strconv.Itoa(r.Version)) }

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, "not_found", "", "No record "+r.PathValue("id"))
}

// find lists the records whose key is one of those asked for, "key=a" or
// "keys=a,b".
func (s *Server) find(name, key string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		wanted := strings.Split(r.URL.Query().Get(key+"s"), ",")
		if one := r.URL.Query().Get(key); one != "" {
			wanted = []string{one}
		}
		if len(wanted) > s.pageMax {
			refuse(w, http.StatusBadRequest, "too_many", key+"s", fmt.Sprintf("at most %d at once", s.pageMax))
			return
		}
		asked := map[any]bool{}
		for _, value := range wanted {
			asked[value] = true
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		data := []any{}
		for _, rec := range s.tables[name].order {
			if !rec.Gone && asked[rec.Fields[key]] {
				data = append(data, show(rec, slices.Sorted(maps.Keys(rec.Fields))))
			}
		}
		reply(w, http.StatusOK, map[string]any{"data": data})
	}
}

func (s *Server) create(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fields, ok := s.body(w, r, name)
		if !ok {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		prospect, _ := fields["prospect_id"].(string)
		if s.live(Prospects, prospect) == nil {
			refuse(w, http.StatusUnprocessableEntity, "unknown_prospect", "prospect_id", "No prospect '"+prospect+"'")
			return
		}
		if s.isLocked(w, prospect) || s.isNobody(w, fields["owner_id"]) {
			return
		}
		rec := s.store(name, "", fields)
		reply(w, http.StatusCreated, map[string]any{"id": rec.ID, "version": rec.Version})
	}
}

func (s *Server) patch(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fields, ok := s.body(w, r, name)
		if !ok {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		rec := s.live(name, r.PathValue("id"))
		if rec == nil {
			notFound(w, r)
			return
		}
		if match := r.Header.Get("If-Match"); match != "" && match != etag(rec) {
			refuse(w, http.StatusPreconditionFailed, "changed", "", "the record was changed meanwhile")
			return
		}
		if name == Prospects && (s.isLocked(w, rec.ID) || s.isFrozen(w, fields)) || name == Appointments && s.isNobody(w, fields["owner_id"]) {
			return
		}
		s.store(name, rec.ID, fields)
		w.Header().Set("ETag", etag(rec))
		reply(w, http.StatusOK, map[string]any{"id": rec.ID, "version": rec.Version})
	}
}

func (s *Server) get(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		rec := s.live(name, r.PathValue("id"))
		if rec == nil {
			notFound(w, r)
			return
		}
		reply(w, http.StatusOK, show(rec, slices.Sorted(maps.Keys(rec.Fields))))
	}
}

func (s *Server) delete(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.live(name, r.PathValue("id")) == nil {
			notFound(w, r)
			return
		}
		s.remove(name, r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) isLocked(w http.ResponseWriter, prospect string) bool {
	who := s.locked[prospect]
	if who != "" {
		refuse(w, http.StatusConflict, "locked", "", "the record is being edited by "+who)
	}
	return who != ""
}

func (s *Server) isNobody(w http.ResponseWriter, owner any) bool {
	nobody := !s.works(owner)
	if nobody {
		refuse(w, http.StatusUnprocessableEntity, "unknown_user", "owner_id", fmt.Sprintf("No active user '%v'", owner))
	}
	return nobody
}

func (s *Server) isFrozen(w http.ResponseWriter, fields map[string]any) bool {
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		if s.frozen[f] {
			refuse(w, http.StatusUnprocessableEntity, "read_only", f, "the field "+f+" is read only for this token")
			return true
		}
	}
	return false
}

// body reads and checks what a write carries.
func (s *Server) body(w http.ResponseWriter, r *http.Request, name string) (map[string]any, bool) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "", "send application/json")
		return nil, false
	}
	var fields map[string]any
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		if strings.Contains(fmt.Sprint(err), "too large") {
			refuse(w, http.StatusRequestEntityTooLarge, "too_large", "", "the request is too large")
		} else {
			refuse(w, http.StatusBadRequest, "bad_json", "", "the request is not a JSON object")
		}
		return nil, false
	}
	types := s.types(name)
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		want, known := types[f]
		if !known {
			refuse(w, http.StatusUnprocessableEntity, "unknown_field", f, "Unknown field '"+f+"'")
			return nil, false
		}
		if code := misfit(want, fields[f]); code != "" {
			refuse(w, http.StatusUnprocessableEntity, code, f, fmt.Sprintf("%v is not a valid %s for %s", fields[f], want, f))
			return nil, false
		}
	}
	return fields, true
}

func (s *Server) types(name string) map[string]string {
	switch name {
	case Activities:
		return activityFields
	case Appointments:
		return appointmentFields
	}
	return s.fields
}

var activityFields = map[string]string{
	"operation_id": "string", "prospect_id": "string", "at": "string", "attempt": "integer", "duration_s": "integer",
	"technical": "string", "result": "string", "note": "string", "caller": "string", "user_id": "string", "changes": "string",
}

var appointmentFields = map[string]string{
	"operation_id": "string", "uid": "string", "prospect_id": "string", "start": "string", "start_local": "string", "zone": "string",
	"minutes": "integer", "salesperson": "string", "owner_id": "string", "subject": "string", "place": "string", "note": "string",
	"validated_by": "string", "state": "string", "motive": "string", "changes": "string",
}

// misfit says what is wrong with a value, "" for nothing.
func misfit(want string, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if want != "string" {
			return "bad_type"
		}
		if len([]rune(v)) > maxText {
			return "too_long"
		}
		return ""
	case float64:
		if want == "number" || want == "integer" && v == float64(int64(v)) {
			return ""
		}
	case bool:
		if want == "boolean" {
			return ""
		}
	}
	return "bad_type"
}
