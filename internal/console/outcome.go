package console

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/schema"
)

// outcome records the call and says in one line what became of it.
func (c *Console) outcome(v *visit) error {
	form, err := v.typed()
	if err != nil {
		return err
	}
	id := bridge.LeadID(v.param("id"))
	got, err := v.record(id, form)
	if err != nil {
		return v.notRecorded(id, form, err)
	}
	if n := v.shut(); n != nil { // it was taken; nothing more is handed out
		n.Text = v.receipt(got, bridge.Disposition(form["disposition"]) == bridge.DispAppointmentSet) + " " + n.Text
		return v.showWith(http.StatusOK, "error", n, nil)
	}
	v.flash(receiptKind(got), v.receipt(got, bridge.Disposition(form["disposition"]) == bridge.DispAppointmentSet))
	if v.form("then") == "next" {
		return v.nextOf(bridge.CampaignID(form["campaign"]))
	}
	v.redirect("/call")
	return nil
}

// notRecorded shows the form again as it was typed, and keeps it, with what is
// wrong with it.
func (v *visit) notRecorded(id bridge.LeadID, form map[string]string, err error) error {
	status, text, known := v.wrong(err)
	if !known {
		return err
	}
	if _, kept := v.opts.Desk.KeepDraft(v.r.Context(), v.actor, id, form); kept != nil {
		return err // it is nobody's to record any more
	}
	if bad, ok := errors.AsType[*desk.Invalid](err); ok {
		v.wrongPart = partOf(bad.Part, form)
	}
	return v.workWith(status, &notice{"wrong", text}, form)
}

// partOf is the id of the part of the form that an error is about, "" for none.
func partOf(part string, form map[string]string) string {
	switch part = strings.TrimPrefix(part, "next."); {
	case part == "at" && bridge.Disposition(form["disposition"]) == bridge.DispAppointmentSet:
		return "meet_at"
	case part == "talk_s":
		return "talk"
	case slices.Contains([]string{"disposition", "at", "note", "talk"}, part):
		return part
	}
	return ""
}

var keyPattern = regexp.MustCompile(`^[A-Za-z0-9]{10,64}$`)

// record makes a call's report out of the form. The schema that judges what the
// API takes judges it too.
func (v *visit) record(id bridge.LeadID, form map[string]string) (desk.Receipt, error) {
	if !keyPattern.MatchString(form["key"]) {
		return desk.Receipt{}, &desk.Invalid{Part: "key", Why: bilingual.Same(v.look.words.text("error.key"))}
	}
	report, err := v.report(form)
	if err != nil {
		return desk.Receipt{}, err
	}
	raw, err := json.Marshal(report)
	if err != nil {
		return desk.Receipt{}, err
	}
	var event bridge.CallEvent
	if err := v.opts.Schemas.Decode("outcome_request.v1", raw, &event); err != nil {
		return desk.Receipt{}, unfit(err)
	}
	sum := sha256.Sum256(append(raw, id...))
	asked := hex.EncodeToString(sum[:12])
	event.EventID = "console:" + url.QueryEscape(string(v.actor.Person.ID)) + ":" + form["key"]
	event.OccurredAt, event.Connection, event.Agent = v.now, v.actor.Connection, v.actor.Person.Phoning[v.actor.Connection].Name
	got, err := v.opts.Desk.Record(v.r.Context(), v.actor, desk.Call{Event: event, Lead: id, Content: asked, Outside: v.opts.Guard.Shut(v.r) != nil})
	if err == nil && got.Content != asked {
		err = &desk.Clash{Why: bilingual.Same(v.look.words.text("work.already"))}
	}
	return got, err
}

// unfit is what a schema finds, as the desk would say it.
func unfit(err error) error {
	bad, ok := errors.AsType[*schema.Error](err)
	if !ok || len(bad.Findings) == 0 {
		return err
	}
	return &desk.Invalid{Part: strings.ReplaceAll(strings.TrimPrefix(bad.Findings[0].Pointer, "/"), "/", "."), Why: bilingual.Text{bad.Findings[0].Text, "cette valeur ne convient pas"}}
}

// report is the form as the API would be sent it.
func (v *visit) report(form map[string]string) (map[string]any, error) {
	d := bridge.Disposition(form["disposition"])
	if _, ok := d.Info(); !ok {
		return nil, &desk.Invalid{Part: "disposition", Why: bilingual.Same(v.look.words.text("work.choose"))}
	}
	if slot, other := form["slot"], form["meet_at"]; d == bridge.DispAppointmentSet && slot != "" && other != "" && slot != other {
		return nil, &desk.Invalid{Part: "at", Why: bilingual.Same(v.look.words.text("work.two_hours"))}
	}
	talk, err := seconds(form["talk"])
	if err != nil {
		return nil, &desk.Invalid{Part: "talk", Why: bilingual.Same(v.look.words.text("work.talk_format"))}
	}
	out := map[string]any{"technical": technicalOf(d), "disposition": d}
	if talk > 0 {
		out["talk_s"] = talk
	}
	if note := strings.TrimSpace(form["note"]); note != "" {
		out["note"] = note
	}
	if fields := changed(form); len(fields) > 0 {
		out["fields"] = fields
	}
	if next := nextStep(d, form); next != nil {
		out["next"] = next
	}
	return out, nil
}

// changed are the fields that hold something else than the card showed.
func changed(form map[string]string) map[string]string {
	out := map[string]string{}
	for part, text := range form {
		name, ok := strings.CutPrefix(part, "field.")
		if ok && strings.TrimSpace(text) != form["was."+name] {
			out[name] = strings.TrimSpace(text)
		}
	}
	return out
}

// nextStep is what is to follow: an appointment where that is the outcome, or a
// call at the hour that was asked for.
func nextStep(d bridge.Disposition, form map[string]string) map[string]any {
	info, _ := d.Info()
	switch {
	case d == bridge.DispAppointmentSet:
		at := cmp.Or(form["slot"], form["meet_at"])
		if at == "" {
			return nil
		}
		next := map[string]any{"kind": bridge.NextAppointment, "at": at, "minutes": minutesOf(form["minutes"])}
		for _, part := range []string{"with", "subject", "place"} {
			if text := strings.TrimSpace(form[part]); text != "" {
				next[part] = text
			}
		}
		return next
	case info.Class == bridge.ClassScheduled && form["at"] != "":
		return map[string]any{"kind": bridge.NextCallback, "at": form["at"]}
	}
	return nil
}

// technicalOf is what the line did where that was the outcome.
func technicalOf(d bridge.Disposition) bridge.Technical {
	switch d {
	case "no_answer", "unreachable":
		return bridge.NoAnswer
	case "busy":
		return bridge.Busy
	case "voicemail", "voicemail_left":
		return bridge.Machine
	case "invalid_number":
		return bridge.Invalid
	case "technical_failure", "blocked_compliance":
		return bridge.Failed
	case "dropped":
		return bridge.Abandoned
	}
	return bridge.Answered
}

// seconds reads a length of time, like 2:05 or 125; "" is none.
func seconds(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	m, s, two := strings.Cut(text, ":")
	if !two {
		return strconv.Atoi(text)
	}
	minutes, err := strconv.Atoi(m)
	if err != nil {
		return 0, err
	}
	rest, err := strconv.Atoi(s)
	if err == nil && (rest < 0 || rest > 59 || minutes < 0 || minutes > 1440) {
		err = strconv.ErrRange
	}
	return 60*minutes + rest, err
}

func receiptKind(r desk.Receipt) string {
	switch {
	case len(r.Refused) > 0:
		return "wrong"
	case r.Proposal != "":
		return "wait"
	}
	return "done"
}

// receipt says in one line what was saved, what waits and what was refused, and
// why; meeting says that an appointment was asked for.
func (v *visit) receipt(r desk.Receipt, meeting bool) string {
	t := v.look.words.text
	parts := []string{t("receipt.saved", strings.Join(append([]string{t("receipt.call")}, v.labels(r.Admitted)...), ", "))}
	var waits []string
	if r.Proposal != "" && meeting {
		waits = append(waits, t("receipt.appointment"))
	}
	waits = append(waits, v.labels(r.Proposed)...)
	if len(waits) > 0 {
		parts = append(parts, t("receipt.waits", strings.Join(waits, ", ")))
	}
	for _, refused := range r.Refused {
		parts = append(parts, t("receipt.refused", inSentence(v.label(refused.Field)), refused.In(v.look.lang)))
	}
	if slices.Contains(r.Flags, desk.FlagNoTime) {
		parts = append(parts, t("receipt.no_time"))
	}
	return strings.Join(parts, " · ")
}

func (v *visit) labels(names []bridge.FieldName) (out []string) {
	for _, name := range names {
		out = append(out, inSentence(v.label(name)))
	}
	return out
}

// inSentence is a label inside a sentence: Statut becomes statut, SIRET stays.
func inSentence(label string) string {
	first, n := utf8.DecodeRuneInString(label)
	if second, _ := utf8.DecodeRuneInString(label[n:]); unicode.IsUpper(second) {
		return label
	}
	return string(unicode.ToLower(first)) + label[n:]
}
