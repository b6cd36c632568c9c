//! `MovePackageService`: what the demo packages declare.

use sui_rpc::proto::sui::rpc::v2::{
    GetDatatypeRequest, GetDatatypeResponse, GetFunctionRequest, GetFunctionResponse, GetPackageRequest,
    GetPackageResponse, ListPackageVersionsRequest, ListPackageVersionsResponse, PackageVersion,
    move_package_service_server::MovePackageService,
};
use sui_sdk_types::Address;
use tonic::{Request, Response, Status};

use super::{
    ledger::Deployed,
    packages,
    server::Node,
    view::{Lies, View},
};

#[tonic::async_trait]
impl MovePackageService for Node {
    async fn get_package(
        &self,
        request: Request<GetPackageRequest>,
    ) -> Result<Response<GetPackageResponse>, Status> {
        let request = request.into_inner();
        self.describe("GetPackage", request.package_id, |deployed| {
            Ok(GetPackageResponse::new(packages::describe(deployed)))
        })
    }

    async fn get_datatype(
        &self,
        request: Request<GetDatatypeRequest>,
    ) -> Result<Response<GetDatatypeResponse>, Status> {
        let request = request.into_inner();
        let module = required(request.module_name, "module_name")?;
        let name = required(request.name, "name")?;
        self.describe("GetDatatype", request.package_id, |deployed| {
            let found = packages::datatype(deployed, &module, &name);
            let missing = || Status::not_found(format!("Datatype not found: {module}::{name}"));
            found.map(GetDatatypeResponse::new).ok_or_else(missing)
        })
    }

    async fn get_function(
        &self,
        request: Request<GetFunctionRequest>,
    ) -> Result<Response<GetFunctionResponse>, Status> {
        let request = request.into_inner();
        let module = required(request.module_name, "module_name")?;
        let name = required(request.name, "name")?;
        self.describe("GetFunction", request.package_id, |deployed| {
            let found = packages::function(deployed, &module, &name);
            let missing = || Status::not_found(format!("Function not found: {module}::{name}"));
            found.map(GetFunctionResponse::new).ok_or_else(missing)
        })
    }

    async fn list_package_versions(
        &self,
        request: Request<ListPackageVersionsRequest>,
    ) -> Result<Response<ListPackageVersionsResponse>, Status> {
        let id = request.into_inner().package_id;
        let original = self.describe("ListPackageVersions", id, |deployed| Ok(deployed.origin.original))?;
        let chain = self.0.network.chain.read();
        let same = chain.ledger().packages().filter(|one| one.origin.original == *original.get_ref());
        let mut versions: Vec<_> =
            same.map(|one| PackageVersion::new(&one.object.id(), one.version)).collect();
        versions.sort_by_key(|one| one.version);
        Ok(original.map(|_| ListPackageVersionsResponse::new(versions, None)))
    }
}

impl Node {
    fn describe<T>(
        &self,
        method: &str,
        id: Option<String>,
        describe: impl FnOnce(&Deployed) -> Result<T, Status>,
    ) -> Result<Response<T>, Status> {
        let lies = Lies::draw(&self.0, method)?;
        let id = required(id, "package_id")?;
        let invalid = |error| Status::invalid_argument(format!("invalid package_id: {error}"));
        let id: Address = id.parse().map_err(invalid)?;
        let chain = self.0.network.chain.read();
        let view = View::new(&chain, lies);
        let found = chain.ledger().package(&id).filter(|_| !lies.not_found);
        match found {
            Some(deployed) => Ok(view.respond(describe(deployed)?)),
            None if chain.ledger().object(&id).is_some() => {
                Err(Status::invalid_argument(format!("object is not a package: {id}")))
            }
            None => Err(Status::not_found(format!("Package not found: {id}"))),
        }
    }
}

fn required(field: Option<String>, name: &str) -> Result<String, Status> {
    field.ok_or_else(|| Status::invalid_argument(format!("missing {name}")))
}
