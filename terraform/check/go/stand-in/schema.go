package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type schemas struct {
	Provider  top            `json:"provider"`
	Resources map[string]top `json:"resources"`
	Data      map[string]top `json:"data"`
}

// top is the block of a whole resource. Its type is made once: it is asked for at every call.
type top struct {
	block
	schema *tfprotov5.Schema
	kind   tftypes.Type
}

func (t *top) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &t.block); err != nil {
		return err
	}
	t.schema = &tfprotov5.Schema{Block: t.block.describe()}
	t.kind = t.schema.ValueType()
	return nil
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"blocks"`
}

type attribute struct {
	Type     kind     `json:"type"`
	Required bool     `json:"required"`
	Optional bool     `json:"optional"`
	Computed bool     `json:"computed"`
	Values   []string `json:"values"`
}

type nested struct {
	// Mode is list, set or single.
	Mode    string `json:"mode"`
	Minimum int64  `json:"minimum"`
	Maximum int64  `json:"maximum"`
	Block   block  `json:"block"`
}

// kind is a type in Terraform's own JSON form: "string", ["list", "string"], ["object", {…}].
type kind struct{ tftypes.Type }

func (k *kind) UnmarshalJSON(raw []byte) error {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		simple := map[string]tftypes.Type{
			"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool, "dynamic": tftypes.DynamicPseudoType,
		}
		k.Type = simple[name]
		if k.Type == nil {
			return fmt.Errorf("unknown type %q", name)
		}
		return nil
	}
	var parts [2]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if err := json.Unmarshal(parts[0], &name); err != nil {
		return err
	}
	if name == "object" {
		return k.readObject(parts[1])
	}
	var element kind
	if err := json.Unmarshal(parts[1], &element); err != nil {
		return err
	}
	switch name {
	case "list":
		k.Type = tftypes.List{ElementType: element.Type}
	case "set":
		k.Type = tftypes.Set{ElementType: element.Type}
	case "map":
		k.Type = tftypes.Map{ElementType: element.Type}
	default:
		return fmt.Errorf("unknown type %q", name)
	}
	return nil
}

func (k *kind) readObject(raw []byte) error {
	var attributes map[string]kind
	if err := json.Unmarshal(raw, &attributes); err != nil {
		return err
	}
	types := map[string]tftypes.Type{}
	for name, attribute := range attributes {
		types[name] = attribute.Type
	}
	k.Type = tftypes.Object{AttributeTypes: types}
	return nil
}

func readSchemas(file string) (schemas, error) {
	var found schemas
	raw, err := os.ReadFile(file)
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(raw, &found)
}

func schemasOf(all map[string]top) map[string]*tfprotov5.Schema {
	found := map[string]*tfprotov5.Schema{}
	for name, top := range all {
		found[name] = top.schema
	}
	return found
}

func (b block) describe() *tfprotov5.SchemaBlock {
	found := &tfprotov5.SchemaBlock{}
	for name, attribute := range b.Attributes {
		found.Attributes = append(found.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: attribute.Type.Type,
			Required: attribute.Required, Optional: attribute.Optional, Computed: attribute.Computed,
		})
	}
	modes := map[string]tfprotov5.SchemaNestedBlockNestingMode{
		"list":   tfprotov5.SchemaNestedBlockNestingModeList,
		"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
		"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	}
	for name, nested := range b.Blocks {
		found.BlockTypes = append(found.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Nesting: modes[nested.Mode], MinItems: nested.Minimum, MaxItems: nested.Maximum,
			Block: nested.Block.describe(),
		})
	}
	return found
}
