-- Which versions run side by side: nodes by instance type and versions, of the newest reports.
-- Parameter: '2026-11-25'
SELECT instance_type, kernel, efa_version, installer_version, agent_version, count(*) AS nodes,
  min(instance) AS one_of_them
FROM (
  SELECT coalesce(node.instance_id, node.hostname) AS instance, node.instance_type AS instance_type,
    node.kernel AS kernel, facts.kernel.efa_version AS efa_version,
    facts.software.installer_version AS installer_version, agent.version AS agent_version,
    row_number() OVER (PARTITION BY coalesce(node.instance_id, node.hostname)
                       ORDER BY run.started_at DESC) AS place
  FROM efa_doctor_reports
  WHERE "date" >= ?
) AS told
WHERE place = 1
GROUP BY instance_type, kernel, efa_version, installer_version, agent_version
ORDER BY instance_type, nodes DESC, kernel, efa_version
