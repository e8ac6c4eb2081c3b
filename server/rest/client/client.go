// Package client reaches /api/v1 from Go. It is generated from the OpenAPI document of
// server/rest, which is generated from the code; a test compares all three.
//
// It holds types and requests; it retries nothing and keeps no keys.
package client

//go:generate go test .. -run TestOpenAPI_IsCurrent -update
//go:generate go tool oapi-codegen -config config.yaml ../openapi.json
