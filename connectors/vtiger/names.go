package vtiger

import (
	"maps"
	"slices"

	"passerelle/internal/connector"
)

var _ connector.Namer = (*conn)(nil)

// Names lists what the settings name of the calendar and of the prospects.
func (c *conn) Names() []connector.Named {
	events := c.calendar()
	out := []connector.Named{
		{Setting: "operation_field", Object: events, Field: c.Operation},
		{Setting: "call.type", Object: events, Field: "activitytype", Value: c.Call.Type},
		{Setting: "call.held", Object: events, Field: "eventstatus", Value: c.Call.Held},
		{Setting: "call.not_held", Object: events, Field: "eventstatus", Value: c.Call.NotHeld},
		{Setting: "appointment.type", Object: events, Field: "activitytype", Value: c.Appointment.Type},
		{Setting: "appointment.planned", Object: events, Field: "eventstatus", Value: c.Appointment.Planned},
		{Setting: "appointment.cancelled", Object: events, Field: "eventstatus", Value: c.Appointment.Cancelled},
	}
	if c.Call.Disposition != "" {
		out = append(out, connector.Named{Setting: "call.disposition", Object: events, Field: c.Call.Disposition})
		for _, ours := range slices.Sorted(maps.Keys(c.Call.Dispositions)) {
			out = append(out, connector.Named{Setting: "call.dispositions." + ours, Object: events, Field: c.Call.Disposition, Value: c.Call.Dispositions[ours]})
		}
	}
	if c.Appointment.Visibility != "" {
		out = append(out, connector.Named{Setting: "appointment.visibility", Object: events, Field: "visibility", Value: c.Appointment.Visibility})
	}
	for _, module := range slices.Sorted(maps.Keys(c.Aliases)) {
		for _, mapped := range slices.Sorted(maps.Keys(c.Aliases[module])) {
			out = append(out, connector.Named{Setting: "aliases." + module, Object: module, Field: c.Aliases[module][mapped]})
		}
	}
	return append(out, c.opposed()...)
}

// opposed is what `opposition` names, of each module that has prospects: by the
// name that the module has for it.
func (c *conn) opposed() []connector.Named {
	if c.Opposition.Field == "" {
		return nil
	}
	var out []connector.Named
	for _, module := range c.Prospects {
		field := c.Opposition.Field
		if own, ok := c.Aliases[module][field]; ok {
			field = own
		}
		out = append(out, connector.Named{Setting: "opposition", Object: module, Field: field, Value: c.Opposition.Value})
	}
	return out
}
