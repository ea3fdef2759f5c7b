-- What efa-doctor account --deliver puts beside the nodes' reports, an instance a line, written anew
-- each time. Put in your bucket and prefix. Columns: packaging/account.schema.json, "instances".
CREATE EXTERNAL TABLE efa_doctor_account (
  id string,
  type string,
  zone string,
  verdict string,
  root_causes array<string>,
  asked struct<at:string, region:string, fleet:string>
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://my-bucket/efa/account/'
