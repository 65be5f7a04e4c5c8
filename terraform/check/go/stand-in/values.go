package main

import (
	"maps"
	"math/big"
	"regexp"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// complete gives a new resource what its configuration leaves to Google Cloud: values that are known only after an
// apply, or made-up ones when they shall be known. A data source is always read.
func (s *server) complete(name string, block block, value tftypes.Value, isPlan bool) tftypes.Value {
	object := fields(value)
	if object == nil {
		return value
	}
	maker := maker{server: s, name: name, own: maps.Clone(object), isKnown: s.isKnown || !isPlan, isPlan: isPlan}
	return maker.fill(block, value, "")
}

// maker makes up values for one resource.
type maker struct {
	server          *server
	name            string
	own             map[string]tftypes.Value
	isKnown, isPlan bool
}

// fill sets what is computed and not there, here and in the blocks inside.
func (m maker) fill(block block, value tftypes.Value, path string) tftypes.Value {
	object := fields(value)
	if object == nil {
		return value
	}
	for attribute, details := range block.Attributes {
		if details.Computed && object[attribute].IsNull() {
			object[attribute] = m.value(details.Type.Type, path+attribute, object[attribute])
		}
	}
	for name, nested := range block.Blocks {
		list := elements(object[name])
		if nested.Mode == "single" || len(list) == 0 {
			continue
		}
		for index := range list {
			list[index] = m.fill(nested.Block, list[index], path+name+".")
		}
		object[name] = tftypes.NewValue(object[name].Type(), list)
	}
	return tftypes.NewValue(value.Type(), object)
}

// value makes up one value, or says that it is known after the apply only.
func (m maker) value(kind tftypes.Type, path string, none tftypes.Value) tftypes.Value {
	made := m.server.defaults[path]
	if made == "" && m.isKnown {
		made = m.server.make(m.name, path, m.own)
	}
	if digits, isNumber := new(big.Float).SetString(made); isNumber && kind.Is(tftypes.Number) {
		return tftypes.NewValue(kind, digits)
	}
	if made != "" && kind.Is(tftypes.String) {
		return tftypes.NewValue(kind, made)
	}
	if m.isPlan {
		return tftypes.NewValue(kind, tftypes.UnknownValue)
	}
	return none
}

// make makes up an attribute of a resource; nothing when it would hold a value that is not known.
func (s *server) make(name, attribute string, object map[string]tftypes.Value) string {
	format, isThere := formats[name][attribute]
	if !isThere {
		return name + "/" + identify(object) + "#" + attribute
	}
	isWhole := true
	made := placeholder.ReplaceAllStringFunc(format, func(match string) string {
		part := text(object[match[1:len(match)-1]])
		if part == "" {
			part = s.defaults[match[1:len(match)-1]]
		}
		isWhole = isWhole && part != ""
		return part
	})
	if !isWhole {
		return ""
	}
	return made
}

// identify names a resource by its own attributes: by its name, or by every text it was given.
func identify(object map[string]tftypes.Value) string {
	for _, attribute := range names {
		if name := text(object[attribute]); name != "" {
			return name
		}
	}
	var parts []string
	for _, value := range object {
		if part := text(value); part != "" {
			parts = append(parts, part)
		}
	}
	sort.Strings(parts)
	return strings.Join(parts, ",")
}
