-- Since when the nodes that are not well now have been so: their first report after the last good one.
-- Parameter: '2026-11-20', how far to look back
WITH told AS (
  SELECT coalesce(node.instance_id, node.hostname) AS instance, verdict, summary,
    run.started_at AS started_at
  FROM efa_doctor_reports
  WHERE "date" >= ?
),
good AS (
  SELECT instance, max(started_at) AS last_good
  FROM told
  WHERE verdict IN ('healthy', 'not_applicable')
  GROUP BY instance
)
SELECT told.instance, min(told.started_at) AS since, max_by(told.verdict, told.started_at) AS verdict,
  max_by(told.summary, told.started_at) AS summary
FROM told
LEFT JOIN good ON good.instance = told.instance
WHERE good.last_good IS NULL OR told.started_at > good.last_good
GROUP BY told.instance
ORDER BY since, told.instance
