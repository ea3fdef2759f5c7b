-- The reports in S3 as a table of Athena. Put in your bucket, prefix and regions; nothing needs to be
-- run for new days. Columns: packaging/report.schema.json, those that the queries use.
-- Interface: Athena User Guide, "Use partition projection", "OpenX JSON SerDe".
CREATE EXTERNAL TABLE efa_doctor_reports (
  verdict string,
  summary string,
  root_causes array<string>,
  agent struct<version:string>,
  node struct<hostname:string, instance_id:string, instance_type:string, kernel:string>,
  run struct<started_at:string, sequence:bigint, duration_ms:bigint>,
  facts struct<kernel:struct<efa_version:string>, software:struct<installer_version:string, installer_packages:array<string>>>
)
PARTITIONED BY (region string, `date` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://my-bucket/efa/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.region.type' = 'enum',
  'projection.region.values' = 'us-east-1,us-east-2,us-west-2,unknown',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2026-01-01,NOW',
  'storage.location.template' = 's3://my-bucket/efa/region=${region}/date=${date}/'
)
