package vtiger

import "passerelle/internal/connector"

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
	}
	if c.Appointment.Visibility != "" {
		out = append(out, connector.Named{Setting: "appointment.visibility", Object: events, Field: "visibility", Value: c.Appointment.Visibility})
	}
	for module, names := range c.Aliases {
		for _, own := range names {
			out = append(out, connector.Named{Setting: "aliases." + module, Object: module, Field: own})
		}
	}
	return out
}
