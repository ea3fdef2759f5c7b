# The deb: cmake --workflow --preset package. It fits the distribution that it is built on and newer
# ones of which the libraries have the same names.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME efa-doctor)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# RFC 2606: there is no such address; who distributes a package names their own
set(EFA_DOCTOR_MAINTAINER "The efa-doctor developers <efa-doctor@efa-doctor.invalid>"
  CACHE STRING "Whom the package names as its maintainer")
set(CPACK_PACKAGE_CONTACT "${EFA_DOCTOR_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Probes the Elastic Fabric Adapter devices of an EC2 instance, from PCI to
libfabric, finds the root cause of what does not work, and writes a health
report to disk and to S3, with the command that mends it. A service from boot
on, and a command; it changes nothing of the node.")
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)  # /etc is outside of the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/deb/postinst ${CMAKE_SOURCE_DIR}/packaging/deb/prerm
  ${CMAKE_SOURCE_DIR}/packaging/deb/postrm ${CMAKE_SOURCE_DIR}/packaging/deb/conffiles)
set(CPACK_EFA_DOCTOR_BUILD ${CMAKE_BINARY_DIR})
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/packaging/deb/dependencies.cmake)
include(CPack)
