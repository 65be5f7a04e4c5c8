package main

const (
	account = "{account_id}@{project}.iam.gserviceaccount.com"
	number  = "123456789012"
)

// formats has the values that Google Cloud gives, where a configuration takes them apart or compares them.
var formats = map[string]map[string]string{
	"google_service_account": {
		"id": "projects/{project}/serviceAccounts/" + account, "name": "projects/{project}/serviceAccounts/" + account,
		"email": account, "member": "serviceAccount:" + account,
	},
	"google_pubsub_topic":        {"id": "projects/{project}/topics/{name}"},
	"google_pubsub_subscription": {"id": "projects/{project}/subscriptions/{name}"},
	"google_cloud_run_v2_service": {
		"id": "projects/{project}/locations/{location}/services/{name}", "uri": "https://{name}-" + number + ".{location}.run.app",
	},
	"google_cloud_run_v2_job": {"id": "projects/{project}/locations/{location}/jobs/{name}"},
	"google_secret_manager_secret": {
		"id": "projects/{project}/secrets/{secret_id}", "name": "projects/" + number + "/secrets/{secret_id}",
	},
	"google_storage_bucket": {
		"id": "{name}", "url": "gs://{name}", "project_number": number, "self_link": "https://www.googleapis.com/storage/v1/b/{name}",
	},
	"google_firestore_database": {"id": "projects/{project}/databases/{name}"},
	"google_eventarc_trigger":   {"id": "projects/{project}/locations/{location}/triggers/{name}"},
	"google_artifact_registry_repository": {
		"id": "projects/{project}/locations/{location}/repositories/{repository_id}", "name": "{repository_id}",
	},
	"google_compute_network": {
		"id": "projects/{project}/global/networks/{name}", "self_link": "https://www.googleapis.com/compute/v1/projects/{project}/global/networks/{name}",
	},
	"google_compute_subnetwork": {
		"id":        "projects/{project}/regions/{region}/subnetworks/{name}",
		"self_link": "https://www.googleapis.com/compute/v1/projects/{project}/regions/{region}/subnetworks/{name}",
	},
	"google_monitoring_notification_channel": {
		"id": "projects/{project}/notificationChannels/{display_name}", "name": "projects/{project}/notificationChannels/{display_name}",
	},
	"google_logging_project_bucket_config": {"id": "projects/{project}/locations/{location}/buckets/{bucket_id}"},
	"google_logging_project_sink":          {"writer_identity": "serviceAccount:service-" + number + "@gcp-sa-logging.iam.gserviceaccount.com"},
	"google_iam_workload_identity_pool":    {"name": "projects/" + number + "/locations/global/workloadIdentityPools/{workload_identity_pool_id}"},
	"google_project_service_identity":      {"email": "service-" + number + "@gcp-sa-{service}", "member": "serviceAccount:service-" + number + "@gcp-sa-{service}"},
	"data.google_project":                  {"number": number, "project_id": "{project}"},
	"data.google_storage_project_service_account": {
		"email_address": "service-" + number + "@gs-project-accounts.iam.gserviceaccount.com",
		"member":        "serviceAccount:service-" + number + "@gs-project-accounts.iam.gserviceaccount.com",
	},
}

// names are the attributes that tell one resource of a type from another, the most telling first.
var names = []string{"name", "account_id", "secret_id", "database_id", "repository_id", "bucket_id", "service", "display_name"}
