package policy

import (
	"slices"
	"strconv"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Command is what somebody does to records that are not, or no longer, in front
// of them, and that an hourly limit may bound.
type Command string

// The commands, as "What commands ask" calls them.
const (
	CommandReassign   Command = "reassign"
	CommandClose      Command = "close"
	CommandCorrect    Command = "correct"    // a status
	CommandValidate   Command = "validate"   // a proposal
	CommandReject     Command = "reject"     // a proposal
	CommandReschedule Command = "reschedule" // an appointment
	CommandCancel     Command = "cancel"     // an appointment
	CommandResolve    Command = "resolve"    // a conflict
	CommandRetry      Command = "retry"      // a write
	CommandDiscard    Command = "discard"    // a write
	CommandLift       Command = "lift"       // an opposition
	CommandForget     Command = "forget"     // a prospect
	CommandExport     Command = "export"     // leads, in a file
)

// Commands lists them all.
func Commands() []Command {
	return []Command{
		CommandReassign, CommandClose, CommandCorrect, CommandValidate, CommandReject, CommandReschedule,
		CommandCancel, CommandResolve, CommandRetry, CommandDiscard, CommandLift, CommandForget, CommandExport,
	}
}

// Limit is how many records each person of a role may do a command to in any
// sixty minutes.
type Limit struct {
	Role    bridge.Role `json:"role"`
	Command Command     `json:"command"`
	PerHour int         `json:"per_hour"`
	Pos     Pos         `json:"pos"`
}

// Limit is that of the subject's role on the command, false if there is none.
func (p *Policy) Limit(s Subject, c Command) (Limit, bool) {
	role, mapped := p.RoleOf(s.Connection, s.Profile)
	at := slices.IndexFunc(p.limits, func(l Limit) bool { return mapped && l.Role == role && l.Command == c })
	if at < 0 {
		return Limit{}, false
	}
	return p.limits[at], true
}

// Limits lists them in their order.
func (p *Policy) Limits() []Limit { return slices.Clone(p.limits) }

type limitSource struct {
	Role    string `yaml:"role,required"`
	Command string `yaml:"command,required"`
	PerHour int    `yaml:"per_hour,required"`
}

func (l *loader) limits(p *Policy, nodes []strict.Node) {
	for _, n := range nodes {
		var text limitSource
		if !l.decode(n, &text) {
			continue
		}
		limit := Limit{bridge.Role(text.Role), Command(text.Command), text.PerHour, Pos(n.Pos())}
		twice := slices.IndexFunc(p.limits, func(o Limit) bool { return o.Role == limit.Role && o.Command == limit.Command })
		if p.role(limit.Role) == nil {
			l.find(n, "role", noSuchRole(p.Roles()))
		}
		if !slices.Contains(Commands(), limit.Command) {
			l.find(n, "command", phrase{"no such command; there are {names}", "pas de commande de ce nom ; il y a {names}"}.With("{names}", list(Commands())))
		}
		if limit.PerHour < 1 {
			l.find(n, "per_hour", phrase{
				"write how many records, 1 or more; who is to do it never is not granted it",
				"écrivez combien de fiches, 1 ou plus ; à qui ne doit jamais le faire, on n'en donne pas le droit",
			})
		}
		if twice >= 0 {
			l.find(n, "", phrase{"a second limit on this (the first is at line {line}): remove one", "une seconde limite pour cela (la première est à la ligne {line}) : supprimez-en une"}.With("{line}", p.limits[twice].Pos.Line))
			continue
		}
		p.limits = append(p.limits, limit)
	}
}

// LimitChange is an hourly limit that a role no longer has, or has from now on;
// 0 is none.
type LimitChange struct {
	Role    bridge.Role `json:"role"`
	Command Command     `json:"command"`
	From    int         `json:"from"`
	To      int         `json:"to"`
	Gains   bool        `json:"gains"` // it may do more than before
}

func limitChanges(old, new *Policy) []LimitChange {
	var out []LimitChange
	for _, ro := range new.roles {
		if old.role(ro.name) == nil {
			continue
		}
		for _, c := range Commands() {
			from, to := old.perHour(ro.name, c), new.perHour(ro.name, c)
			if from != to {
				out = append(out, LimitChange{ro.name, c, from, to, from != 0 && (to == 0 || to > from)})
			}
		}
	}
	return out
}

func (p *Policy) perHour(role bridge.Role, c Command) int {
	for _, l := range p.limits {
		if l.Role == role && l.Command == c {
			return l.PerHour
		}
	}
	return 0
}

var commandNames = map[Command]phrase{
	CommandReassign:   {"reassign leads", "réattribuer des fiches"},
	CommandClose:      {"close leads", "clore des fiches"},
	CommandCorrect:    {"correct a status", "corriger un statut"},
	CommandValidate:   {"validate proposals", "valider des propositions"},
	CommandReject:     {"reject proposals", "rejeter des propositions"},
	CommandReschedule: {"reschedule appointments", "déplacer des rendez-vous"},
	CommandCancel:     {"cancel appointments", "annuler des rendez-vous"},
	CommandResolve:    {"resolve conflicts", "trancher des conflits"},
	CommandRetry:      {"retry writes", "relancer des écritures"},
	CommandDiscard:    {"discard writes", "abandonner des écritures"},
	CommandLift:       {"lift oppositions", "lever des oppositions"},
	CommandForget:     {"forget prospects", "oublier des prospects"},
	CommandExport:     {"export leads", "exporter des fiches"},
}

// Text says what the command does.
func (c Command) Text(lang string) string { return commandNames[c].In(lang) }

var (
	limitsHeading = phrase{"Hourly limits", "Limites horaires"}
	limitPhrase   = phrase{"{role} may {command} at most {times} an hour", "{role} peut {command} {times} par heure au plus"}
	limitFrom     = phrase{" (until now {n})", " (jusqu'ici {n})"}
	noLimit       = phrase{"{role} may {command} without limit (until now {times} an hour)", "{role} peut {command} sans limite (jusqu'ici {times} par heure)"}
)

// Text says the limit as one sentence without a full stop.
func (l Limit) Text(lang string) string {
	return limitPhrase.Fill(lang, "{role}", string(l.Role), "{command}", l.Command.Text(lang), "{times}", times(lang, l.PerHour))
}

// Text says the change as one sentence without a full stop.
func (c LimitChange) Text(lang string) string {
	if c.To == 0 {
		return noLimit.Fill(lang, "{role}", string(c.Role), "{command}", c.Command.Text(lang), "{times}", times(lang, c.From))
	}
	text := Limit{Role: c.Role, Command: c.Command, PerHour: c.To}.Text(lang)
	if c.From != 0 {
		text += limitFrom.Fill(lang, "{n}", strconv.Itoa(c.From))
	}
	return text
}
