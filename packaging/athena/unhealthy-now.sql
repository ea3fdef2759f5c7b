-- Which nodes are not well now: the newest report of each since a day.
-- Parameter: '2026-11-25'
SELECT region, instance, verdict, summary, started_at
FROM (
  SELECT region, coalesce(node.instance_id, node.hostname) AS instance, verdict, summary,
    run.started_at AS started_at,
    row_number() OVER (PARTITION BY coalesce(node.instance_id, node.hostname)
                       ORDER BY run.started_at DESC) AS place
  FROM efa_doctor_reports
  WHERE "date" >= ?
) AS told
WHERE place = 1 AND verdict NOT IN ('healthy', 'not_applicable')
ORDER BY region, instance
