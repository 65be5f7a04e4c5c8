// Command stand-in serves the schema of the provider hashicorp/google, so that Terraform can validate, test and plan
// where no registry can be reached. It never talks to Google Cloud and refuses to apply.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const address = "registry.terraform.io/hashicorp/google"

// server answers what Terraform asks before an apply; whatever else is asked ends the process.
type server struct {
	tfprotov5.ProviderServer
	schemas  schemas
	defaults map[string]string
	// isKnown makes up the values that Google Cloud would give, so that a plan holds them all.
	isKnown bool
}

func (s *server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	answer := &tfprotov5.GetMetadataResponse{}
	for name := range s.schemas.Resources {
		answer.Resources = append(answer.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for name := range s.schemas.Data {
		answer.DataSources = append(answer.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return answer, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{
		Provider:          s.schemas.Provider.schema,
		ResourceSchemas:   schemasOf(s.schemas.Resources),
		DataSourceSchemas: schemasOf(s.schemas.Data),
	}, nil
}

func (s *server) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (s *server) PrepareProviderConfig(_ context.Context, request *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (s *server) ConfigureProvider(_ context.Context, request *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := read(request.Config, s.schemas.Provider)
	if err != nil {
		return nil, err
	}
	s.defaults = map[string]string{"project": text(config["project"]), "region": text(config["region"])}
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (s *server) ValidateResourceTypeConfig(_ context.Context, request *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{Diagnostics: validate(request.Config, s.schemas.Resources[request.TypeName])}, nil
}

func (s *server) ValidateDataSourceConfig(_ context.Context, request *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{Diagnostics: validate(request.Config, s.schemas.Data[request.TypeName])}, nil
}

func (s *server) UpgradeResourceState(_ context.Context, request *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	kind := s.schemas.Resources[request.TypeName].kind
	lenient := tfprotov5.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}}
	value, err := request.RawState.UnmarshalWithOpts(kind, lenient)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(kind, value)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

func (s *server) ReadResource(_ context.Context, request *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: request.CurrentState, Private: request.Private}, nil
}

func (s *server) PlanResourceChange(_ context.Context, request *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	block, kind := s.schemas.Resources[request.TypeName].block, s.schemas.Resources[request.TypeName].kind
	value, err := request.ProposedNewState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	prior, err := request.PriorState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	if prior.IsNull() {
		value = s.complete(request.TypeName, block, value, true)
	}
	planned, err := tfprotov5.NewDynamicValue(kind, value)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &planned, PlannedPrivate: request.PriorPrivate}, err
}

func (s *server) ApplyResourceChange(_ context.Context, request *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	refusal := diagnostic(nil, "This stand-in for hashicorp/google cannot apply: use the provider itself, or mock_provider in a test.")
	return &tfprotov5.ApplyResourceChangeResponse{NewState: request.PriorState, Diagnostics: []*tfprotov5.Diagnostic{refusal}}, nil
}

func (s *server) ReadDataSource(_ context.Context, request *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	block, kind := s.schemas.Data[request.TypeName].block, s.schemas.Data[request.TypeName].kind
	value, err := request.Config.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	answer := &tfprotov5.ReadDataSourceResponse{}
	if _, isThere := formats["data."+request.TypeName]; !isThere {
		answer.Diagnostics = append(answer.Diagnostics, diagnostic(nil, "The stand-in does not know what %s answers: add it to formats.go.", request.TypeName))
	}
	state, err := tfprotov5.NewDynamicValue(kind, s.complete("data."+request.TypeName, block, value, false))
	answer.State = &state
	return answer, err
}

func main() {
	schemas, err := readSchemas(os.Getenv("STAND_IN_SCHEMA"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "STAND_IN_SCHEMA must name the file of schemas:", err)
		os.Exit(1)
	}
	provider := &server{schemas: schemas, isKnown: os.Getenv("STAND_IN_VALUES") == "known"}
	if err := tf5server.Serve(address, func() tfprotov5.ProviderServer { return provider }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
