-- Nodes that are not well, with what AWS does not provide for them: the newest report of each since a
-- day, joined with what efa-doctor account said of the same instance when it last asked of its fleet.
-- Parameter: '2026-11-25'
SELECT DISTINCT told.instance, told.verdict, told.summary, cause AS account_cause
FROM (
  SELECT node.instance_id AS instance, verdict, summary,
    row_number() OVER (PARTITION BY node.instance_id ORDER BY run.started_at DESC) AS place
  FROM efa_doctor_reports
  WHERE "date" >= ?
) AS told
JOIN (
  SELECT id, root_causes,
    rank() OVER (
      PARTITION BY asked.caller.account, asked.region, asked.fleet ORDER BY asked."at" DESC
    ) AS place
  FROM efa_doctor_account
) AS account ON account.id = told.instance AND account.place = 1
CROSS JOIN UNNEST(account.root_causes) AS causes (cause)
WHERE told.place = 1 AND told.verdict NOT IN ('healthy', 'not_applicable')
ORDER BY told.instance, cause
