package obs

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"passerelle/internal/bridge"
)

// other stands for a label's value that is in no closed set.
const other = "other"

// Labels are the closed sets that label values come from. A value outside its
// set is counted as "other".
type Labels struct {
	Connections   []bridge.ConnectionName
	WriteStates   []string // of an outbox entry
	BreakerStates []string
	Findings      []string // what a CRM gets wrong
	Routes        []string // patterns, "POST /v1/campaigns/{id}/next"
}

// Metrics are the bridge's figures, in a registry of their own. Counters and
// histograms are told what happens; gauges are set by the functions given to
// [Metrics.OnScrape]. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	mu     sync.Mutex
	sets   struct{ connections, states, breakers, findings, routes set }
	scrape []func()

	oldest      *prometheus.GaugeVec
	writes      *prometheus.GaugeVec
	breaker     *prometheus.GaugeVec
	leases      prometheus.Gauge
	parked      prometheus.Gauge
	conflicts   prometheus.Gauge
	ledgerLines prometheus.Gauge
	nats        prometheus.Gauge
	behind      prometheus.Gauge
	paused      *prometheus.GaugeVec
	storeBytes  prometheus.Gauge
	perOutcome  *prometheus.GaugeVec
	storeFree   prometheus.Gauge

	ack         *prometheus.HistogramVec
	crmRequests *prometheus.CounterVec
	outcomes    *prometheus.CounterVec
	findings    *prometheus.CounterVec
	http        *prometheus.CounterVec
	httpTook    *prometheus.HistogramVec
	groupSize   prometheus.Histogram
	commitTook  prometheus.Histogram
	pruned      *prometheus.CounterVec
	compactions prometheus.Counter
	ratios      map[bridge.ConnectionName]*ratio
}

// ratio is behind CRM requests per outcome.
type ratio struct{ requests, outcomes float64 }

type set map[string]bool

func (s set) or(v string) string {
	if s[v] {
		return v
	}
	return other
}

// NewMetrics makes the figures, all of them at zero from the start.
func NewMetrics(l Labels) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), ratios: map[bridge.ConnectionName]*ratio{}}
	m.sets.connections, m.sets.states, m.sets.breakers, m.sets.findings, m.sets.routes = set{}, set{}, set{}, set{}, set{}
	m.makeGauges()
	m.makeCounters()
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.oldest, m.writes, m.breaker, m.leases, m.parked, m.conflicts, m.ledgerLines, m.nats, m.behind, m.paused, m.storeBytes, m.storeFree, m.perOutcome,
		m.ack, m.crmRequests, m.outcomes, m.findings, m.http, m.httpTook, m.groupSize, m.commitTook, m.pruned, m.compactions,
	)
	m.Know(l)
	return m
}

func (m *Metrics) makeGauges() {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "passerelle", Name: name, Help: help})
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "passerelle", Name: name, Help: help}, labels)
	}
	m.oldest = gauges("oldest_entry_age_seconds", "Age of the oldest write that its CRM has not confirmed; 0 if none.", "connection")
	m.writes = gauges("writes", "Writes in the outbox by state.", "connection", "state")
	m.breaker = gauges("breaker_state", "1 for the state that the connection's breaker is in.", "connection", "state")
	m.leases = gauge("leases", "Leads on somebody's line.")
	m.parked = gauge("parked_events", "Events that were not understood and wait for a person.")
	m.conflicts = gauge("conflicts", "Writes that wait because the CRM holds another value.")
	m.ledgerLines = gauge("ledger_lines", "Lines of the ledger.")
	m.nats = gauge("nats_connected", "1 while the bridge is connected to NATS.")
	m.behind = gauge("campaigns_behind", "1 if the last round of the campaigns failed: a CRM was not read, or a platform's list not brought up to date.")
	m.paused = gauges("connection_paused", "1 while nothing is sent to the connection until a person resumes it.", "connection")
	m.storeBytes = gauge("store_bytes", "Size of the store's file.")
	m.storeFree = gauge("store_free_bytes", "Bytes of the store's file that hold nothing: a compaction gives them back.")
	m.perOutcome = gauges("crm_requests_per_outcome", "Requests to the CRM per outcome since the start; 0 before the first.", "connection")
}

func (m *Metrics) makeCounters() {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "passerelle", Name: name, Help: help}, labels)
	}
	seconds := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Namespace: "passerelle", Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15)} // 0.5 ms to 8 s
	}
	m.ack = prometheus.NewHistogramVec(seconds("ack_seconds", "From an event's arrival to its 2xx."), []string{"connection"})
	m.crmRequests = counters("crm_requests_total", "Requests sent to the connection, each try.", "connection")
	m.outcomes = counters("outcomes_total", "Outcomes taken for the CRM connection.", "connection")
	m.findings = counters("crm_findings_total", "Writes that the CRM got wrong, by what it did with them.", "connection", "finding")
	m.http = counters("http_requests_total", "Requests served, by route pattern and status.", "route", "status")
	m.httpTook = prometheus.NewHistogramVec(seconds("http_request_seconds", "Time to serve a request."), []string{"route"})
	m.groupSize = prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "passerelle", Name: "commit_group_size", Help: "Commands in one commit of the store.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)})
	m.pruned = counters("pruned_total", "Records that have outlived their term and were erased, by kind.", "kind")
	m.compactions = prometheus.NewCounter(prometheus.CounterOpts{Namespace: "passerelle", Name: "store_compactions_total", Help: "Times the store was compacted because half of it was free."})
	m.commitTook = prometheus.NewHistogram(seconds("commit_seconds", "Time of one commit of the store."))
}

// Know adds to the closed sets, and shows what is new at zero. It is for a
// reload; nothing is forgotten.
func (m *Metrics) Know(l Labels) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range l.Connections {
		m.sets.connections[string(c)] = true
	}
	for s, values := range map[*set][]string{&m.sets.states: l.WriteStates, &m.sets.breakers: l.BreakerStates, &m.sets.findings: l.Findings, &m.sets.routes: l.Routes} {
		for _, v := range values {
			(*s)[v] = true
		}
	}
	for c := range m.sets.connections {
		m.showConnection(c)
	}
	for r := range m.sets.routes {
		m.httpTook.WithLabelValues(r)
	}
}

func (m *Metrics) showConnection(c string) {
	m.oldest.WithLabelValues(c)
	m.perOutcome.WithLabelValues(c)
	m.ack.WithLabelValues(c)
	m.crmRequests.WithLabelValues(c)
	m.outcomes.WithLabelValues(c)
	for s := range m.sets.states {
		m.writes.WithLabelValues(c, s)
	}
	for s := range m.sets.breakers {
		m.breaker.WithLabelValues(c, s)
	}
	m.paused.WithLabelValues(c)
	for f := range m.sets.findings {
		m.findings.WithLabelValues(c, f)
	}
}

func (m *Metrics) connection(c bridge.ConnectionName) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sets.connections.or(string(c))
}

// OnScrape adds a function that sets gauges each time the metrics are read.
func (m *Metrics) OnScrape(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scrape = append(m.scrape, fn)
}

// Handler serves /metrics.
func (m *Metrics) Handler() http.Handler {
	page := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.refresh()
		page.ServeHTTP(w, r)
	})
}

func (m *Metrics) refresh() {
	m.mu.Lock()
	fns := m.scrape
	m.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

// SetOldest is the age of the oldest open write of a connection; 0 if none.
func (m *Metrics) SetOldest(c bridge.ConnectionName, age time.Duration) {
	m.oldest.WithLabelValues(m.connection(c)).Set(age.Seconds())
}

// SetWrites is how many writes of a connection are in a state.
func (m *Metrics) SetWrites(c bridge.ConnectionName, state string, n int) {
	name := m.connection(c)
	m.mu.Lock()
	state = m.sets.states.or(state)
	m.mu.Unlock()
	m.writes.WithLabelValues(name, state).Set(float64(n))
}

// SetBreaker is the state of a connection's breaker.
func (m *Metrics) SetBreaker(c bridge.ConnectionName, state string) {
	name := m.connection(c)
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.sets.breakers {
		m.breaker.WithLabelValues(name, s).Set(oneIf(s == state))
	}
}

// SetPaused is whether a connection waits for a person.
func (m *Metrics) SetPaused(c bridge.ConnectionName, paused bool) {
	m.paused.WithLabelValues(m.connection(c)).Set(oneIf(paused))
}

// SetStoreBytes is the size of the store's file.
func (m *Metrics) SetStoreBytes(n int64) { m.storeBytes.Set(float64(n)) }

// Found is one write that the CRM got wrong.
func (m *Metrics) Found(c bridge.ConnectionName, finding string) {
	name := m.connection(c)
	m.mu.Lock()
	finding = m.sets.findings.or(finding)
	m.mu.Unlock()
	m.findings.WithLabelValues(name, finding).Inc()
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// SetLeases is how many leads are on somebody's line.
func (m *Metrics) SetLeases(n int) { m.leases.Set(float64(n)) }

// SetParked is how many events wait for a person.
func (m *Metrics) SetParked(n int) { m.parked.Set(float64(n)) }

// SetConflicts is how many writes wait for a supervisor.
func (m *Metrics) SetConflicts(n int) { m.conflicts.Set(float64(n)) }

// SetLedgerLines is how long the ledger is.
func (m *Metrics) SetLedgerLines(n uint64) { m.ledgerLines.Set(float64(n)) }

// SetNATS is whether the bridge is connected to NATS.
func (m *Metrics) SetNATS(connected bool) { m.nats.Set(oneIf(connected)) }

// SetBehind is whether the last round of the campaigns failed.
func (m *Metrics) SetBehind(behind bool) { m.behind.Set(oneIf(behind)) }

// Acknowledged is one event's way from arrival to 2xx.
func (m *Metrics) Acknowledged(c bridge.ConnectionName, took time.Duration) {
	m.ack.WithLabelValues(m.connection(c)).Observe(took.Seconds())
}

// Requested is n requests sent to a connection.
func (m *Metrics) Requested(c bridge.ConnectionName, n int) {
	if n <= 0 {
		return
	}
	m.crmRequests.WithLabelValues(m.connection(c)).Add(float64(n))
	m.perOutcomeChanged(c, float64(n), 0)
}

// Outcome is one outcome taken for a CRM connection.
func (m *Metrics) Outcome(c bridge.ConnectionName) {
	m.outcomes.WithLabelValues(m.connection(c)).Inc()
	m.perOutcomeChanged(c, 0, 1)
}

func (m *Metrics) perOutcomeChanged(c bridge.ConnectionName, requests, outcomes float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := m.sets.connections.or(string(c))
	r := m.ratios[bridge.ConnectionName(name)]
	if r == nil {
		r = &ratio{}
		m.ratios[bridge.ConnectionName(name)] = r
	}
	r.requests += requests
	r.outcomes += outcomes
	if r.outcomes > 0 {
		m.perOutcome.WithLabelValues(name).Set(r.requests / r.outcomes)
	}
}

// Served is one request answered: its route's pattern, not its path.
func (m *Metrics) Served(route string, status int, took time.Duration) {
	m.mu.Lock()
	route = m.sets.routes.or(route)
	m.mu.Unlock()
	m.http.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.httpTook.WithLabelValues(route).Observe(took.Seconds())
}

// Committed is one commit of the store. It fits the store's Observe.
func (m *Metrics) Committed(commands int, took time.Duration) {
	m.groupSize.Observe(float64(commands))
	m.commitTook.Observe(took.Seconds())
}
