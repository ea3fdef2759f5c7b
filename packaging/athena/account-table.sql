-- What efa-doctor account --deliver puts beside the nodes' reports, an instance a line, written anew
-- each time: account=<a>/region=<r>/fleet=<f>/latest.json.gz, or latest.json with gzip = false. One
-- stays when the other is written, so account.sql takes the newest of each account, region and fleet;
-- these are told in each line, so that no partition is declared. Put in your bucket and prefix.
-- Columns: packaging/account.schema.json, "instances".
CREATE EXTERNAL TABLE efa_doctor_account (
  id string,
  type string,
  zone string,
  verdict string,
  root_causes array<string>,
  asked struct<at:string, region:string, fleet:string, caller:struct<account:string>>
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://my-bucket/efa/account/'
