package fake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ServeHTTP answers the web service, under webservice.php or the cloud's path.
func (c *CRM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Date", c.opts.Now().UTC().Format(http.TimeFormat))
	if err := r.ParseForm(); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.opts.Flavour == "cloud" {
		c.serveCloud(w, r)
		return
	}
	if r.URL.Path != "/webservice.php" {
		http.NotFound(w, r)
		return
	}
	operation := strings.ToLower(r.Form.Get("operation"))
	c.counts[operation]++
	name := r.Form.Get("sessionName")
	if header := r.Header.Get("corebos_authorization"); header != "" && c.opts.Flavour == "corebos" {
		name = header
	}
	if slices.Contains(c.opts.Crashes, operation) || !known[operation] {
		crash(w)
		return
	}
	answer(w, func() (any, *fault) { return c.dispatch(operation, name, r) })
}

func (c *CRM) dispatch(operation, name string, r *http.Request) (any, *fault) {
	writes := slices.Contains([]string{"create", "update", "revise", "delete", "login", "logout"}, operation)
	params := r.URL.Query()
	if writes {
		params = r.PostForm
	}
	switch {
	case operation == "getchallenge":
		return c.getChallenge(params.Get("username"))
	case operation == "login":
		return c.login(params.Get("username"), params.Get("accessKey"))
	case name == "" || operation == "extendsession":
		return nil, &fault{"AUTHENTICATION_REQUIRED", "Authencation required"}
	}
	u, f := c.who(name)
	if f != nil {
		return nil, f
	}
	if operation == "logout" {
		c.sessions[name] = nil
		return map[string]any{"message": "successfull"}, nil
	}
	return c.operate(u, operation, params)
}

// known are the operations; another is a crash.
var known = map[string]bool{
	"getchallenge": true, "login": true, "logout": true, "extendsession": true, "listtypes": true, "describe": true,
	"retrieve": true, "create": true, "update": true, "revise": true, "delete": true, "query": true, "sync": true,
	"relatedtypes": true, "query_related": true, "retrieve_related": true,
}

func (c *CRM) serveCloud(w http.ResponseWriter, r *http.Request) {
	operation, found := strings.CutPrefix(r.URL.Path, "/restapi/v1/vtiger/default/")
	c.counts[operation]++
	login, key, _ := r.BasicAuth()
	u := c.user(login)
	switch {
	case !found:
		http.NotFound(w, r)
	case u == nil || u.Key != key || u.Inactive || c.refusing:
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	case operation == "me":
		answer(w, func() (any, *fault) {
			return map[string]any{"id": c.ownerID(u.ID), "user_name": u.Login, "is_admin": map[bool]string{true: "on", false: "off"}[u.Admin]}, nil
		})
	case slices.Contains(c.opts.Crashes, operation):
		crash(w)
	default:
		answer(w, func() (any, *fault) { return c.operate(u, operation, r.Form) })
	}
}

func (c *CRM) operate(u *User, operation string, params url.Values) (any, *fault) {
	switch operation {
	case "listtypes":
		return c.listTypes(u), nil
	case "describe":
		return c.describe(u, params.Get("elementType"))
	case "retrieve":
		return c.retrieve(u, params.Get("id"))
	case "create":
		return c.create(u, params.Get("elementType"), element(params))
	case "revise":
		return c.revise(u, element(params), false)
	case "update":
		return c.revise(u, element(params), true)
	case "delete":
		return c.remove(u, params.Get("id"))
	case "query":
		return c.query(u, params.Get("query"))
	case "sync":
		return c.sync(u, params)
	case "relatedtypes":
		return c.relatedTypes(u, params.Get("elementType"))
	case "query_related":
		return c.queryRelated(u, params.Get("query"), params.Get("id"), params.Get("relatedLabel"))
	case "retrieve_related":
		return c.queryRelated(u, "SELECT * FROM "+params.Get("relatedType"), params.Get("id"), params.Get("relatedLabel"))
	}
	return nil, &fault{"UNKNOWN_OPERATION", "Unknown operation requested"}
}

// element reads the record of a write; what is no JSON is an empty one.
func element(params url.Values) map[string]string {
	var loose map[string]any
	if json.Unmarshal([]byte(params.Get("element")), &loose) != nil {
		return map[string]string{}
	}
	out := map[string]string{}
	for name, value := range loose {
		switch v := value.(type) {
		case string:
			out[name] = v
		case nil:
		default:
			raw, _ := json.Marshal(v)
			out[name] = string(raw)
		}
	}
	return out
}

func answer(w http.ResponseWriter, do func() (any, *fault)) {
	result, f := do()
	body := map[string]any{"success": true, "result": result}
	if f != nil {
		body = map[string]any{"success": false, "error": map[string]any{"code": f.code, "message": f.message}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// crash is a PHP error that nothing catches.
func crash(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusInternalServerError)
}
