package main

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func diagnostic(path *tftypes.AttributePath, sentence string, parts ...any) *tfprotov5.Diagnostic {
	return &tfprotov5.Diagnostic{
		Severity:  tfprotov5.DiagnosticSeverityError,
		Summary:   fmt.Sprintf(sentence, parts...),
		Attribute: path,
	}
}

func read(raw *tfprotov5.DynamicValue, of top) (map[string]tftypes.Value, error) {
	value, err := raw.Unmarshal(of.kind)
	if err != nil {
		return nil, err
	}
	return fields(value), nil
}

// fields answers what an object holds, or nil when that is not known.
func fields(value tftypes.Value) map[string]tftypes.Value {
	var found map[string]tftypes.Value
	if value.IsNull() || !value.IsKnown() || value.As(&found) != nil {
		return nil
	}
	return found
}

// text answers a string's value, or an empty one when it is null or not known.
func text(value tftypes.Value) string {
	var found string
	if value.Type() == nil || !value.Type().Is(tftypes.String) || value.IsNull() || !value.IsKnown() {
		return ""
	}
	_ = value.As(&found)
	return found
}

// validate finds what Terraform itself does not see: values outside a documented list, and what only Google sets.
func validate(raw *tfprotov5.DynamicValue, of top) []*tfprotov5.Diagnostic {
	value, err := raw.Unmarshal(of.kind)
	if err != nil {
		return []*tfprotov5.Diagnostic{diagnostic(nil, "The configuration cannot be decoded: %s", err)}
	}
	return of.faults(value, tftypes.NewAttributePath())
}

func (b block) faults(value tftypes.Value, path *tftypes.AttributePath) []*tfprotov5.Diagnostic {
	var found []*tfprotov5.Diagnostic
	object := fields(value)
	if object == nil {
		return nil
	}
	for name, attribute := range b.Attributes {
		given := object[name]
		if attribute.Computed && !attribute.Optional && !given.IsNull() {
			found = append(found, diagnostic(path.WithAttributeName(name), "%s is set by Google Cloud and cannot be configured.", name))
		} else if word := text(given); word != "" && len(attribute.Values) > 0 && !contains(attribute.Values, word) {
			found = append(found, diagnostic(path.WithAttributeName(name), "%s is %q, but must be one of %s.", name, word, strings.Join(attribute.Values, ", ")))
		}
	}
	for name, nested := range b.Blocks {
		if nested.Mode == "single" {
			found = append(found, nested.Block.faults(object[name], path.WithAttributeName(name))...)
			continue
		}
		for index, element := range elements(object[name]) {
			at := path.WithAttributeName(name)
			if nested.Mode == "list" {
				at = at.WithElementKeyInt(index)
			}
			found = append(found, nested.Block.faults(element, at)...)
		}
	}
	return found
}

func elements(value tftypes.Value) []tftypes.Value {
	var found []tftypes.Value
	if value.IsNull() || !value.IsKnown() || value.As(&found) != nil {
		return nil
	}
	return found
}

func contains(words []string, word string) bool {
	for _, candidate := range words {
		if candidate == word {
			return true
		}
	}
	return false
}
